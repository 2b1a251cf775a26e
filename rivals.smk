# Language models as rivals: asked, scored and tabulated. Separate from the other rules, since this may cost money.
# Run `snakemake -s rivals.smk`. A later `snakemake` shows their scores next to those of trained runs. See
# docs/rivals.md.


include: "workflow/setup/start.smk"
include: "workflow/setup/common.smk"
include: "workflow/setup/inputs.smk"
include: "workflow/setup/messages.smk"
include: "workflow/rules/data.smk"
include: "workflow/rules/ask.smk"


check_contexts(plan.rivals)


rule rivals:
    """Ask every configured rival; those without a price cost nothing, the others stay within `max_cost`."""
    default_target: True
    input:
        RIVAL_TABLES,


onstart:
    if not workflow.local_exec:
        lifeline.works_elsewhere()


onsuccess:
    show_rivals()


onerror:
    show_failures()
