"""Settings about what searches vectors."""

from typing import Annotated, Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings

_FIRST_TOKEN = "root:Milvus"  # noqa: S105  # to refuse it


class VectorSettings(BaseSettings):
    """The part of `Settings` that is about vectors; `Settings` alone is built."""

    vectors: Literal["faiss", "pgvector", "milvus"] | None = Field(
        None,
        description="Engine that searches vectors. faiss: indexes in each API process; pgvector: "
        "in PostgreSQL; milvus: on the server at MILVUS_URL. The installation's own when empty: "
        "faiss until `zhiwen vectors move`",
    )
    milvus_url: Annotated[str, Field(pattern=r"^https?://[^/@?#]+(/\w*)?$")] | None = Field(
        None,
        description="Milvus server, http://HOST:19530 or …/DATABASE, for VECTORS=milvus",
    )
    milvus_token: SecretStr = Field(
        SecretStr(""), description="USER:PASSWORD or API key for Milvus, if it asks for one"
    )
    index_memory_mib: int = Field(
        1024,
        ge=1,
        description="Memory for what indexes of faiss hold beside their files in an API process; "
        "a million new chunks take about 1024 until they are saved. Above it indexes are saved at "
        "once, and closed until asked for where they can't be",
    )

    def missing_for_vectors(self, sql_url: str) -> str | None:
        """Why the chosen engine cannot work, and what to set."""
        if self.vectors in ("pgvector", "milvus") and sql_url.startswith("sqlite"):
            return f"VECTORS={self.vectors} needs ZHIWEN_DATABASE_URL=postgresql://…"
        if self.vectors == "milvus" and self.milvus_url is None:
            return (
                "VECTORS=milvus needs ZHIWEN_MILVUS_URL=http://HOST:19530, a server: the files of "
                "Milvus Lite are one process's alone, and Zhiwen is several"
            )
        if self.milvus_token.get_secret_value() == _FIRST_TOKEN:
            return (
                "ZHIWEN_MILVUS_TOKEN is what every Milvus begins with. Change the password there "
                "first"
            )
        return None
