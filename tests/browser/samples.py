"""One small file of each format, two of them broken, made on the spot."""

import io

from tests.ingest.files import encrypted, pdf_file, word_file
from tests.ingest.office_files import (
    RTF,
    SALARIES,
    eml_file,
    epub_file,
    msg_file,
    odt_file,
    pptx_file,
    xls_file,
    xlsx_file,
    zip_file,
)
from tests.ingest.pictures import drawn, saved

SCAN = "搬迁通知（扫描）.pdf"
SCANNED_PAGES = (
    ["云杉仓库搬迁通知", "一、搬迁从三月十八日开始，为期两天。"],
    ["二、危险品柜的钥匙由孙丽保管。", "三、搬迁期间食堂照常供餐。"],
)
QUESTION, ANSWER, ANSWER_PAGE = "危险品柜的钥匙由谁保管？", "孙丽", 2

ENCRYPTED, TRUNCATED = "合同（加密）.pdf", "手册（下载中断）.docx"
REASONS = {ENCRYPTED: "请去掉密码后重新上传", TRUNCATED: "请换一个完好的文件"}


def healthy() -> dict[str, bytes]:
    """By file name; every format that Zhiwen says it reads."""
    sheet = xlsx_file({"薪资": SALARIES})
    note = "停车场周日关闭，请提前挪车。\n"
    return {
        "停车.txt": note.encode("gb18030"),
        "会议室.md": "# 会议室预订\n\n大会议室须提前两天预订，找前台登记。\n".encode(),
        "饮水机.html": "<h1>饮水机</h1><p>滤芯每六个月更换一次。</p>".encode(),
        "工位.csv": "工位,姓名\n3-12,何静\n3-14,马超\n".encode(),
        "打印机.tsv": "楼层\t型号\n五楼\tM401\n".encode(),
        "班车.json": '{"班车": [{"站": "北门", "发车": "07:40"}]}'.encode(),
        "访客.jsonl": '{"访客": "高原", "日期": "2026-03-02"}\n'.encode(),
        "消防演习.pdf": pdf_file([[("消防演习在四月九日上午十点举行。", 14)]]),
        SCAN: _scan(),
        "门禁.png": saved(drawn(["门禁卡丢失请找保安室补办。"], width=800), "PNG"),
        "员工手册.docx": word_file(title="员工手册"),
        "季度总结.pptx": pptx_file(),
        "薪资.xlsx": sheet,
        "薪资（旧）.xls": xls_file({"薪资": SALARIES}),
        "会议纪要.odt": odt_file(),
        "小镇故事.epub": epub_file(),
        "报销通知.eml": eml_file({"薪资.xlsx": sheet}),
        "停电.msg": msg_file("停电", "周六停电。", ("停车.txt", note.encode())),
        "通知.rtf": RTF,
        "归档.zip": zip_file({"制度/请假.md": "# 请假\n\n请假须提前一天。", "名单.csv": "a,b\n1,2\n"}),
    }


def broken() -> dict[str, bytes]:
    """By file name; `REASONS` has what people are told of each."""
    pdf, word = pdf_file([[("甲方与乙方约定如下。", 14)]]), word_file()
    return {ENCRYPTED: encrypted(pdf), TRUNCATED: word[: len(word) // 2]}


def _scan() -> bytes:
    """A PDF of pictures, without a text layer."""
    first, *others = (drawn(lines) for lines in SCANNED_PAGES)
    stream = io.BytesIO()
    first.save(stream, "PDF", save_all=True, append_images=others)
    return stream.getvalue()
