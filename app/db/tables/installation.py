"""What holds for all processes of an installation, whatever their settings say."""

from sqlmodel import Field, SQLModel


class InstallationChoice(SQLModel, table=True):
    """`vectors`: the engine that searches vectors, `faiss`, `pgvector` or `milvus`. `id`: what
    marks an object store of uploaded files, and collections of Milvus."""

    __tablename__ = "installation_choice"

    name: str = Field(primary_key=True)
    value: str
