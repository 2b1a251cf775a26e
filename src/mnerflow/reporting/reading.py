"""What the runs of a study read: photographs, other images, contexts, only the text, or synthetic posts."""

from collections.abc import Iterable, Mapping, Sequence

from mnerflow.plan.datasets import Kind
from mnerflow.plan.names import NONE, Combination
from mnerflow.reporting.render import joined

PHOTOGRAPHS = "photographs"


def what_is_read(
    combinations: Iterable[Combination], contexts: Mapping[str, Sequence[str]], kinds: Mapping[str, Kind]
) -> list[str]:
    """Sentences on what the combinations read; ``contexts`` are those that each variant reads.

    If every data set declares the kind of its images and none are photographs, the first sentence says so.
    """
    read: dict[str, set[str]] = {}
    images = set()
    for one in combinations:
        read.setdefault(one.dataset, set()).update(contexts[one.variant])
        if one.image_encoder != NONE:
            images.add(one.dataset)
    synthetic = [name for name in read if kinds[name].control]
    pictures = {name: kinds[name].pictures for name in images.difference(synthetic)}
    said: dict[str, list[str]] = {}
    for name in sorted(read.keys() - {*synthetic}):
        if name in pictures:
            kind = f", which are {pictures[name]}" if pictures[name] else ""
            said.setdefault(f"runs read the images{kind}", []).append(name)
        elif read[name]:
            named = joined(sorted(read[name]))
            said.setdefault(f"runs read the {named}, as text, and no image", []).append(name)
        else:
            said.setdefault("runs read only the text", []).append(name)
    sentences = [f"On {joined(names)}, {does}." for does, names in sorted(said.items())]
    if all(pictures.values()) and PHOTOGRAPHS not in pictures.values():
        sentences.insert(0, "No run has read a photograph.")
    if synthetic:
        theirs, verb = ("its", "is") if len(synthetic) == 1 else ("their", "are")
        made = f"this workflow writes {theirs} texts and draws {theirs} images"
        sentences.append(f"{joined(sorted(synthetic))} {verb} synthetic: {made}.")
    cautions: dict[str, list[str]] = {}
    for name in sorted(read):
        if caution := kinds[name].caution:
            cautions.setdefault(caution, []).append(name)
    sentences += [f"On {joined(names)}: {caution}" for caution, names in cautions.items()]
    return sentences
