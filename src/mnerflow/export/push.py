"""Upload of an exported folder to a model hub."""

from pathlib import Path

from huggingface_hub import HfApi, get_token
from huggingface_hub.errors import (  # type: ignore[attr-defined]  # the last is its client's, whichever it uses
    HfHubHTTPError,
    HFValidationError,
    HTTPError,
)

from mnerflow.errors import UserError
from mnerflow.log import logger
from mnerflow.secrets import hide

LOGIN = "Log in with `hf auth login`, or set HF_TOKEN to a token that may write."
YOURSELF = "Upload the folder yourself."


def push(folder: Path, repository: str) -> str:
    """Upload a folder to a new private repository of a hub; returns its address.

    The hub is that of huggingface_hub, unless ``HF_ENDPOINT`` names another. Raises ``UserError`` without a
    login, when the repository already exists or may not be created, and when the hub cannot be reached.
    """
    if not get_token():
        raise UserError(f"{repository}: no login to a hub is known here. {LOGIN}")
    hub = HfApi(library_name="mnerflow")
    try:
        address = hub.create_repo(repository, private=True)
        logger.info("uploading %s to %s", folder, address)
        hub.upload_folder(repo_id=repository, folder_path=folder, commit_message="Written by mnerflow export")
    except HFValidationError as error:
        raise UserError(f"{repository}: no name of a repository. Write OWNER/NAME.") from error
    except HfHubHTTPError as error:
        raise UserError(_refusal(repository, error)) from error
    except (HTTPError, OSError) as error:
        raise UserError(
            f"{hub.endpoint}: cannot be reached ({hide(str(error))}). Check the network. {YOURSELF}"
        ) from error
    return str(address)


def _refusal(repository: str, error: HfHubHTTPError) -> str:
    status = error.response.status_code
    if status == 409:
        return f"{repository}: the hub has it already. Name a new repository, or upload into it yourself."
    if status in (401, 403):
        return f"{repository}: the hub does not let this login write there ({status}). {LOGIN}"
    said = hide(str(error)).partition("\n")[0]
    return f"{repository}: the hub refused ({said}). {YOURSELF}"
