"""The data sets of a configuration: their files, folders, archives and images."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from mnerflow.config import settings_of
from mnerflow.config.datasets import About
from mnerflow.data.config import PrepareConfig
from mnerflow.data.contexts import context_files
from mnerflow.data.formats import companions_of, cuts_images, formats_read, holds_images
from mnerflow.data.pages.page import images_near
from mnerflow.data.sources import archives
from mnerflow.files.checksums import content_state, folder_state
from mnerflow.plan import layout
from mnerflow.plan.settings import images_of
from mnerflow.record import ContextRecord
from mnerflow.registry import module_of, names_in

MATCHED = "matched"  # the generator of a control makes images that show the types of names


@dataclass(frozen=True)
class Kind:
    """What kind of data set it is.

    ``control`` says how the generator of a synthetic data set makes its images: ``MATCHED`` with the names or
    ``independent`` of them. It is empty for real data. ``pictures`` says what the images of real data are,
    such as ``photographs``; it is empty if that is not declared. ``contexts_from_text`` are the contexts
    whose author had also read the text. ``caution`` is a warning about all scores on the data set.
    """

    control: str = ""
    pictures: str = ""
    contexts_from_text: tuple[str, ...] = ()
    caution: str = ""


class Datasets:
    """The data sets of a configuration: where their posts come from, and which files they read."""

    def __init__(self, config: dict[str, Any]) -> None:
        self.config = config
        self.entries: dict[str, dict[str, Any]] = config["datasets"]
        self.generated = [name for name, entry in self.entries.items() if "generator" in entry]
        self.downloaded = [name for name, entry in self.entries.items() if "files" in entry]
        self.poner = [name for name, entry in self.entries.items() if "poner" in entry]
        known = {*names_in("data.formats")}  # an unknown one is refused later, with its place
        formats = {name: entry["format"] for name, entry in self.entries.items() if entry["format"] in known}
        self.with_crops = [*self.poner, *(name for name, format in formats.items() if cuts_images(format))]
        # Data sets whose files contain their images, such as scans of pages or tables.
        self.containing_images = [
            name for name, format in formats.items() if self._holds_images(name, format)
        ]
        self.archives = archives(config)
        # Cached, since every run of a data set asks for them and they read the disk.
        self.user_files, self._state = cache(self._user_files), cache(folder_state)

    def folder(self, dataset: str) -> str:
        """The folder of a data set's raw files."""
        return self.entries[dataset].get("folder", layout.raw(dataset))

    def raw_files(self, dataset: str) -> list[str]:
        """The files that a data set's posts and contexts are read from."""
        return [*dict.fromkeys([*self.post_files(dataset), *self.context_files(dataset)])]

    def user_content(self, dataset: str) -> str | None:
        """A hash of the files in a user's own folder that posts and contexts are read from, else ``None``."""
        return content_state(Path(), self.raw_files(dataset)) if "folder" in self.entries[dataset] else None

    def post_files(self, dataset: str) -> list[str]:
        """The files of a data set's posts, and whatever else is downloaded."""
        if "files" in self.entries[dataset]:
            return [f"{self.folder(dataset)}/{name}" for name in self.entries[dataset]["files"]]
        return self.user_files(dataset)

    def context_files(self, dataset: str) -> list[str]:
        """The files of a data set's contexts."""
        contexts = context_files(self.entries[dataset]).values()
        folders = {True: layout.raw(dataset), False: self.folder(dataset)}
        return [f"{folders[bool(context.asked)]}/{name}" for context in contexts for name in context.files]

    def with_left_out(self, datasets: Iterable[str]) -> list[str]:
        """Data sets and those whose posts they leave out, which are prepared before them; sorted."""
        found: set[str] = set()
        waiting = [*datasets]
        while waiting:
            if (name := waiting.pop()) not in found:
                found.add(name)
                waiting += self.entries[name].get("without", [])
        return sorted(found)

    def asked_contexts(self, dataset: str) -> list[str]:
        """The entries of ``asked_contexts`` that write contexts of a data set."""
        asked = (context.asked for context in context_files(self.entries[dataset]).values())
        return sorted({*filter(None, asked)})

    def _user_files(self, dataset: str) -> list[str]:
        """The files of posts in a user's folder; some formats read the splits to find their companions.

        A split that is a folder is replaced by its files, whose times reveal a change.
        """
        entry, folder = self.entries[dataset], self.folder(dataset)
        splits = [f"{folder}/{name}" for name in split_files(entry)]
        companions = [str(file) for split in splits for file in companions_of(entry["format"], split)]
        return [*(split for split in splits if not Path(split).is_dir()), *sorted({*companions})]

    def split_paths(self, dataset: str) -> list[str]:
        """The folders, or files, of a data set's splits."""
        return [f"{self.folder(dataset)}/{name}" for name in split_files(self.entries[dataset])]

    def scans(self, dataset: str) -> list[str]:
        """The images that may be scans of a data set's pages; empty if it has no pages."""
        paths = self.split_paths(dataset) if dataset in self.with_crops else []
        return [str(file) for path in paths for file in images_near(Path(path))]

    def _holds_images(self, dataset: str, format: str) -> bool:
        entry = self.entries[dataset]
        elsewhere = "images" in entry or any(name.startswith("images/") for name in entry.get("files") or ())
        return not elsewhere and holds_images(format, map(Path, self.split_paths(dataset)))

    def formats(self, dataset: str) -> list[str]:
        """The modules that read a data set's posts and contexts."""
        entry = self.entries[dataset]
        contexts = sorted({context.format for context in context_files(entry).values()})
        return [
            *(module_of("data.formats", name) for name in formats_read(entry["format"])),
            *(module_of("data.contexts", name) for name in contexts),
        ]

    def prepare_options(self, dataset: str) -> dict[str, Any]:
        """The options for preparing a data set's posts."""
        return settings_of(PrepareConfig, self.entries[dataset])

    def about(self, dataset: str) -> dict[str, Any]:
        """What readers are told about a data set."""
        return settings_of(About, self.entries[dataset])

    def type_names(self, dataset: str) -> dict[str, str]:
        """Display names of a data set's entity types, where these differ from the tags."""
        return self.entries[dataset].get("type_names", {})

    def kind(self, dataset: str) -> Kind:
        """Whether a data set is a control, and otherwise what its images and contexts are.

        Raises ``UserError`` when the record of an asked context cannot be read.
        """
        entry = self.entries[dataset]
        caution = entry.get("caution", "")
        if generator := entry.get("generator"):
            return Kind(control=generator["images"], caution=caution)
        by_text = {
            name
            for name, context in context_files(entry).items()
            if context.asked and "text" in self._reads(dataset, context.asked)
        }
        return Kind(
            pictures=self.entries[images_of(self.config, dataset)].get("pictures", ""),
            contexts_from_text=tuple(sorted(by_text.union(entry.get("contexts_from_text", [])))),
            caution=caution,
        )

    def _reads(self, dataset: str, asked: str) -> list[str]:
        """What a language model is shown to write a context; once written, the context's record tells it."""
        record = Path(layout.asked_record(dataset, asked))
        if record.exists():
            return ContextRecord.read(record).config["reads"]
        return self.config.get("asked_contexts", {}).get(asked, {}).get("reads", [])

    def archive_of(self, dataset: str) -> str:
        """The archive that a data set's photos are unpacked from."""
        url = self.entries[dataset]["images"]["url"]
        return next(name for name, entry in self.archives.items() if entry["url"] == url)

    def image_folder(self, dataset: str) -> str:
        """The folder of the images that a data set's posts show."""
        owner = images_of(self.config, dataset)
        return f"{layout.raw(owner) if owner in self.containing_images else self.folder(owner)}/images"

    def image_state(self, dataset: str) -> str:
        """The state of the folder of the images that a data set's posts show."""
        return self._state(Path(self.image_folder(dataset)))

    def user_images(self, dataset: str) -> str | None:
        """The state of the images in a user's own folder, which may change file by file; else ``None``."""
        owner = images_of(self.config, dataset)
        from_folder = "folder" in self.entries[owner] and owner not in self.containing_images
        return self.image_state(dataset) if from_folder else None

    def image_source(self, dataset: str) -> list[str]:
        """The files or folder that must exist before images can be read; empty for a user's own folder."""
        owner = images_of(self.config, dataset)
        entry = self.entries[owner]
        if owner in self.containing_images:
            return [self.image_folder(owner)]
        if "folder" in entry:
            return []
        if "files" in entry and "images" not in entry:
            return [f"{self.folder(owner)}/{name}" for name in entry["files"] if name.startswith("images/")]
        return [self.image_folder(owner)]


def split_files(entry: dict[str, Any]) -> list[str]:
    """The files of all splits of a data set's entry."""
    parts = entry["splits"].values()
    return [name for part in parts for name in ([part] if isinstance(part, str) else part)]
