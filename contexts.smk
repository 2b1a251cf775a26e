# Contexts written by language models. Separate from the other rules, since this may cost money.
# Run `snakemake -s contexts.smk`. A later `snakemake` reads them like downloaded files. See docs/contexts.md.


include: "workflow/setup/start.smk"
include: "workflow/setup/common.smk"
include: "workflow/setup/inputs.smk"
include: "workflow/setup/messages.smk"
include: "workflow/rules/data.smk"
include: "workflow/rules/ask_contexts.smk"


rule contexts:
    """Ask for every context that a data set names; models without a price are free, others stay within `max_cost`."""
    default_target: True
    input:
        [layout.asked_record(*each) for each in TO_ASK],


onstart:
    if not workflow.local_exec:
        lifeline.works_elsewhere()


onsuccess:
    show_contexts(TO_ASK)


onerror:
    show_failures()
