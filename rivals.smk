# Language models as rivals: asked, scored and tabulated, apart from the rest since they may cost money.
# `snakemake -s rivals.smk`; a later `snakemake` shows what they answered beside what was trained. See docs/rivals.md.


include: "workflow/rules/start.smk"
include: "workflow/rules/common.smk"
include: "workflow/rules/inputs.smk"
include: "workflow/rules/messages.smk"
include: "workflow/rules/data.smk"
include: "workflow/rules/ask.smk"


check_contexts(plan.rivals)


rule rivals:
    """Ask every configured rival; those without a price cost nothing, the others keep to `max_cost`."""
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
