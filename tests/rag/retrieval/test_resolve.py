"""What a follow-up leaves out is put in by rule, and nothing else."""

import pytest

from app.rag.retrieval.resolve import resolved


@pytest.mark.parametrize(
    ("question", "before", "whole"),
    [
        ("它的重量呢？", "HX-310 的功率是多大？", "HX-310的重量呢？"),
        ("它有保修吗？", "手持终端的电池能用多久？", "手持终端有保修吗？"),
        ("该设备的重量是多少？", "离心泵的流量是多少？", "离心泵的重量是多少？"),
        (
            "那违约金呢？",
            "《采购办法2021版》规定几天付款？",
            "《采购办法2021版》违约金呢？",
        ),
        ("那保修期呢？", "HX-310 的功率是多大？", "HX-310的保修期是多大？"),
        ("那 HX-320 呢？", "HX-310 的功率是多大？", "HX-320 的功率是多大？"),
        ("那 E 型呢？", "HX-310-D 的功率是多大？", "HX-310-E 的功率是多大？"),
        ("那 C 型呢？", "QT-620A 密封圈多久更换一次？", "QT-620C 密封圈多久更换一次？"),
        ("那2022年呢？", "2021年的产量是多少？", "2022年的产量是多少？"),
        ("2019版呢？", "《采购办法2021版》规定几天付款？", "《采购办法2019版》规定几天付款？"),
        ("那 E 型呢？", "水泵的功率是多大？", "那 E 型呢？"),
        ("那病假呢？", "年假有几天？", "那病假呢？"),
        ("它贵吗？", "", "它贵吗？"),
        ("And its weight?", "How much power does HX-310 need?", "And its weight?"),
    ],
)
def test_what_is_left_out_is_put_in(question: str, before: str, whole: str) -> None:
    assert resolved(question, before) == whole
