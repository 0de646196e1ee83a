"""Restrictions hide what they cover now, not what they covered before."""

from app.rag.types import Scope
from app.services.people.access import LOCAL_OWNER as ME
from app.services.people.sharing import Sharing
from app.services.search.withheld import WithheldChunks
from tests.services.conftest import HANDBOOK, Application


def test_a_document_that_leaves_a_restricted_path_is_found_again(application: Application) -> None:
    base_id = application.base()
    document_id = application.add(base_id, "手册.md", HANDBOOK)
    application.add(base_id, "内部/手册.md", HANDBOOK)
    application.drain()
    made = Sharing(application.db).restrict(ME, base_id, "内部/", [])
    scope, kept = Scope((base_id,), frozenset([made.id])), WithheldChunks()
    with application.db.read() as session:
        assert kept.chunks(session, scope)
    application.documents.delete(ME, document_id, "内部/手册.md")
    assert application.state(document_id) == "ready"
    with application.db.read() as session:
        assert not kept.chunks(session, scope)
