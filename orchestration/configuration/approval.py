"""conf/approval/*.yaml: who decides about models, who may, and whose keys vouch for it."""

from pydantic import BaseModel

from foundation.bounds import PathText, Trimmed


class ApprovalConfig(BaseModel, frozen=True, extra="forbid"):
    """Every decision names its actor; what is not configured is not asked for."""

    actor: Trimmed | None = None  # null: the account that the command runs under
    roles: PathText | None = None  # a YAML file {promote: [ada], rollback: [ada, ben]}; null: everybody may
    signing_key: PathText | None = None  # private key (PEM) that registered artifacts are signed with; null: not signed
    verifying_key: PathText | None = None  # public key (PEM); given: an artifact without its signature is refused


OPEN = ApprovalConfig()
"""Nobody is kept out, nothing is signed."""
