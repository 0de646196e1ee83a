"""Pages of documents as pictures, and where their words stand."""

import io
import threading
from concurrent.futures import ThreadPoolExecutor, as_completed
from itertools import islice

import pytest
from PIL import Image

from app.services.library.pages import MAX_WAITING
from ingest.pages.render import RenderedPage
from tests.application import RunningApi
from tests.ingest.files import drawn_pdf, encrypted, pdf_file
from tests.ingest.pages.pages_seen import resized
from tests.ingest.pages.test_pdf_tables import AFTER, BEFORE, CELLS, FRAME
from tests.ingest.pages.test_runs import two_columns
from tests.ingest.pictures import drawn, saved
from tests.patience import PATIENCE_S

PAGES = [[("设备管理规定", 20), ("货梯每周检查一次。", 12)], [("发现异常立即停用并上报。", 12)]]


def ids(api: RunningApi, files: dict[str, str | bytes]) -> dict[str, str]:
    """The ids of these documents, by name; they are read."""
    base_id = api.ingest("库", files)
    listed = api.http.get(f"/api/bases/{base_id}/documents").json()["items"]
    return {document["name"]: document["id"] for document in listed}


def span(api: RunningApi, document_id: str, words: str) -> dict[str, int]:
    text = api.http.get(f"/api/documents/{document_id}/text").json()["text"]
    return {"start": text.index(words), "end": text.index(words) + len(words)}


def test_the_places_of_words_are_given_page_by_page(api: RunningApi) -> None:
    (document_id,) = ids(api, {"规定.pdf": pdf_file(PAGES)}).values()
    asked = span(api, document_id, "每周检查一次。\n\n发现异常")
    found = api.http.get(f"/api/documents/{document_id}/boxes", params=asked).json()
    assert [(page["page"], page["width"], page["height"]) for page in found] == [
        (1, 595, 842),
        (2, 595, 842),
    ]
    (first,), (second,) = (page["boxes"] for page in found)
    # The line begins at 50 points and is 9 characters of 12 points long; two are not asked for.
    assert first["x0"] == pytest.approx((50 + 2 * 12) / 595, abs=0.003)
    assert first["x1"] == pytest.approx((50 + 9 * 12) / 595, abs=0.003)
    assert second["x0"] == pytest.approx(50 / 595, abs=0.003)
    assert second["x1"] == pytest.approx((50 + 4 * 12) / 595, abs=0.003)
    assert 0 < first["y0"] < first["y1"] < 0.2


def test_the_columns_of_a_page_are_told_apart(api: RunningApi) -> None:
    (document_id,) = ids(api, {"rules.pdf": two_columns()}).values()
    asked = span(api, document_id, "be booked out by the foreman before")
    (page,) = api.http.get(f"/api/documents/{document_id}/boxes", params=asked).json()
    assert len(page["boxes"]) == 2
    assert all(box["x0"] > 0.5 for box in page["boxes"])


def test_a_cell_is_given_as_a_whole(api: RunningApi) -> None:
    pdf = drawn_pdf([BEFORE, *CELLS, AFTER], FRAME)
    (document_id,) = ids(api, {"stock.pdf": pdf}).values()
    asked = span(api, document_id, "lamp")
    (page,) = api.http.get(f"/api/documents/{document_id}/boxes", params=asked).json()
    (box,) = page["boxes"]
    assert (box["x0"], box["x1"]) == (
        pytest.approx(200 / 595, abs=1e-3),
        pytest.approx(350 / 595, abs=1e-3),
    )


def test_what_has_no_pages_says_so(api: RunningApi) -> None:
    (document_id,) = ids(api, {"a.md": "# 说明\n\n保修期为两年。"}).values()
    for path in ("boxes?start=0&end=4", "pages/1"):
        answer = api.http.get(f"/api/documents/{document_id}/{path}")
        assert (answer.status_code, answer.json()["code"]) == (409, "no_pages")
        assert "a.md" in answer.json()["detail"]
    answer = api.http.get("/api/documents/nothing/pages/1")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


def picture(content: bytes) -> Image.Image:
    return Image.open(io.BytesIO(content), formats=("WEBP",))


def test_a_page_is_a_picture_of_the_width_that_is_asked_for(api: RunningApi) -> None:
    found = ids(
        api, {"规定.pdf": pdf_file(PAGES), "scan.png": saved(drawn(["货梯每周检查一次。"]), "PNG")}
    )
    for name, width, size in (
        ("规定.pdf", 595, (595, 842)),
        ("规定.pdf", 1190, (1190, 1684)),
        ("scan.png", 620, (620, 100)),
        ("scan.png", 1600, (1240, 200)),  # no larger than it is
    ):
        answer = api.http.get(f"/api/documents/{found[name]}/pages/1", params={"width": width})
        assert answer.headers["content-type"] == "image/webp"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "private, no-cache"
        assert picture(answer.content).size == size
    for width in (10, 5000):
        answer = api.http.get(
            f"/api/documents/{found['规定.pdf']}/pages/1", params={"width": width}
        )
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid")
    answer = api.http.get(f"/api/documents/{found['规定.pdf']}/pages/3")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


def test_a_page_that_the_browser_has_is_not_sent_again(api: RunningApi) -> None:
    (document_id,) = ids(api, {"规定.pdf": pdf_file(PAGES)}).values()
    path = f"/api/documents/{document_id}/pages/1"
    tag = api.http.get(path).headers["etag"]
    again = api.http.get(path, headers={"If-None-Match": tag})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    assert api.http.get(path, params={"width": 320}).headers["etag"] != tag


def test_a_photograph_is_shown_as_its_camera_held_it(api: RunningApi) -> None:
    upright = drawn(["货梯每周检查一次。", "载重不得超过两吨。"])
    exif = Image.Exif()
    exif[0x0112] = 6  # turn it by 90° with the clock
    stream = io.BytesIO()
    upright.rotate(90, expand=True).save(stream, "JPEG", exif=exif, quality=95)
    (document_id,) = ids(api, {"photo.jpg": stream.getvalue()}).values()
    shown = picture(api.http.get(f"/api/documents/{document_id}/pages/1?width=1600").content)
    assert shown.size == upright.size
    asked = span(api, document_id, "载重")
    (page,) = api.http.get(f"/api/documents/{document_id}/boxes", params=asked).json()
    assert page["boxes"][0]["y0"] > 0.4 and page["boxes"][0]["x0"] < 0.1


@pytest.mark.parametrize(
    ("name", "data", "code"),
    [
        ("broken.pdf", b"%PDF-1.7\nnothing follows", "broken"),
        ("locked.pdf", encrypted(pdf_file(PAGES)), "encrypted"),
        ("broken.png", b"\x89PNG\r\n\x1a\n" + b"\0" * 40, "broken"),
    ],
)
def test_a_page_that_cannot_be_drawn_says_why(
    api: RunningApi, name: str, data: bytes, code: str
) -> None:
    (document_id,) = ids(api, {name: data}).values()
    answer = api.http.get(f"/api/documents/{document_id}/pages/1")
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert name in answer.json()["detail"]


def test_pages_of_any_size_are_drawn_within_bounds(api: RunningApi) -> None:
    huge, long = resized(pdf_file(PAGES), 14_400, 14_400), resized(pdf_file(PAGES), 40, 14_400)
    found = ids(api, {"huge.pdf": huge, "long.pdf": long})
    for document_id in found.values():
        answer = api.http.get(f"/api/documents/{document_id}/pages/1?width=1600")
        width, height = picture(answer.content).size
        assert width <= 1600 and height <= 16_000 and width * height < 8_100_000


def test_a_picture_that_unpacks_to_too_much_is_refused(api: RunningApi) -> None:
    bomb = io.BytesIO()
    Image.new("1", (30_000, 30_000)).save(bomb, "PNG")
    assert len(bomb.getvalue()) < 1 << 20
    (document_id,) = ids(api, {"bomb.png": bomb.getvalue()}).values()
    answer = api.http.get(f"/api/documents/{document_id}/pages/1")
    assert (answer.status_code, answer.json()["code"]) == (422, "too_large")


class Counting:
    """Draws nothing, and counts how many do so at once. Waits for `go`."""

    def __init__(self) -> None:
        self.drawn = self.now = self.most = 0
        self.begun, self.go = threading.Event(), threading.Event()

    def render(self, data: bytes, name: str, page: int, width: int) -> RenderedPage:
        self.now += 1
        self.drawn += 1
        self.most = max(self.most, self.now)
        self.begun.set()
        assert self.go.wait(PATIENCE_S)
        self.now -= 1
        return RenderedPage(b"picture of %d" % page, width, width)

    def close(self) -> None:
        self.go.set()


def test_pages_are_drawn_one_at_a_time_and_once(api: RunningApi) -> None:
    (document_id,) = ids(api, {"规定.pdf": pdf_file(PAGES)}).values()
    renderer = Counting()
    api.application.pages.renderer = renderer
    path = f"/api/documents/{document_id}/pages"
    with ThreadPoolExecutor(60) as pool:
        first = pool.submit(api.http.get, f"{path}/1")
        assert renderer.begun.wait(PATIENCE_S)
        rest = [pool.submit(api.http.get, f"{path}/{1 + n % 2}") for n in range(50)]
        refused = list(islice(as_completed(rest), 51 - MAX_WAITING))
        assert {each.result().status_code for each in refused} == {429}
        assert api.http.get("/healthz").status_code == 200, "others are served meanwhile"
        renderer.go.set()
        answers = [each.result() for each in (first, *rest)]
    assert (renderer.most, renderer.drawn) == (1, 2)
    codes = [answer.status_code for answer in answers]
    assert (codes.count(200), codes.count(429)) == (MAX_WAITING, 51 - MAX_WAITING)
    assert all(a.headers["retry-after"] == "2" for a in answers if a.status_code == 429)


def test_pictures_of_removed_documents_are_forgotten(api: RunningApi) -> None:
    (document_id,) = ids(api, {"规定.pdf": pdf_file(PAGES)}).values()
    assert api.http.get(f"/api/documents/{document_id}/pages/1").status_code == 200
    assert api.application.pages.kept.sums()
    api.http.delete(f"/api/documents/{document_id}").raise_for_status()
    assert not api.application.pages.kept.sums()
    assert api.http.get(f"/api/documents/{document_id}/pages/1").status_code == 404
