"""Suffixes of files that contain posts, by what they contain, and of files that are not read."""

JSON = (".jsonl", ".json", ".ndjson")
COLUMNS = (".conll", ".conllu", ".conllup", ".tsv", ".bio", ".iob", ".iob2", ".bioes")
TABLES = (".parquet", ".arrow")

_SHEET = (
    "Save it with tabs for commas, as train.tsv; columns may have names. An empty line ends a post, or a "
    "column numbers the posts."
)
_PICKLE = "It could run code, and is never opened. Write it as JSON lines: docs/data.md."
_ARCHIVE, _PACKED = "Unpack it, and check the folder.", "Unpack it, and check the file."
_DOCUMENT = "Save it as plain text; `mnerflow predict` then suggests names: docs/own_texts.md."
_PAGE = "Save its text, or export it as JSON lines."
# How to make files readable that people have of data sets.
FOREIGN = {
    ".csv": _SHEET,
    ".xlsx": _SHEET,
    ".xls": _SHEET,
    ".ods": _SHEET,
    ".spacy": "Write each Doc as a line of JSON with its text and the spans of doc.ents: docs/data.md.",
    ".pkl": _PICKLE,
    ".pickle": _PICKLE,
    ".zip": _ARCHIVE,
    ".tgz": _ARCHIVE,
    ".gz": _PACKED,
    ".xz": _PACKED,
    ".pdf": "Read its text out, as by pdftotext; `mnerflow predict` then suggests names: docs/own_texts.md.",
    ".doc": _DOCUMENT,
    ".docx": _DOCUMENT,
    ".odt": _DOCUMENT,
    ".rtf": _DOCUMENT,
    ".xmi": "Export it from INCEpTION as WebAnno TSV 3.3.",
    ".xml": "PAGE and ALTO are read with their images. Write other XML, as TEI, as JSON lines: docs/data.md.",
    ".htm": _PAGE,
    ".html": _PAGE,
}
