"""Two adapters for promotions; nobody loads them."""

from app.db.engine import Database
from app.db.tables import StoredAdapter, StoredDataSet
from app.models.build.lora_gguf import GGUF_FILE
from evals.torture.load import ADAPTERS, MODEL
from evals.torture.processes import Processes


def add_adapters(processes: Processes) -> None:
    """Before any process is forked anew: no connection stays open."""
    db = Database(processes.sql_url)
    with db.write() as session:
        data = StoredDataSet(
            name="sft-torture", person_id="owner", method="sft", style="answer", sha256="", card={}
        )
        session.add(data)
        session.flush()
        for name in ADAPTERS:
            session.add(
                StoredAdapter(
                    name=name,
                    base_model=MODEL,
                    base_sha256="",
                    dataset_name=data.name,
                    sha256="",
                    settings={},
                )
            )
            folder = processes.data_dir / "adapters" / name
            folder.mkdir(parents=True)
            (folder / GGUF_FILE).write_bytes(b"GGUF")
    db.dispose()
