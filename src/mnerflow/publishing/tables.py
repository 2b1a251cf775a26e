"""The tables of a study that are published."""

# Tables that follow from predictions and run.yaml alone, and quote no post.
TABLES = (
    *(
        f"{name}.{ending}"
        for name in (
            *("grid", "thesis", "does_it_help", "pooled", "churn"),
            *("per_type", "learning_curve", "calibration", "cost", "literature"),
        )
        for ending in ("csv", "md", "tex")
    ),
    *("reliability.csv", "literature.bib", "fixed_and_broken.csv"),
)
# Tables that quote no post either, but need the posts' words to be computed.
TABLES_OF_WORDS = ("errors.csv", "errors.md", "strata.csv", "strata.md", "strata.tex")
