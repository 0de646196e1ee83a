"""Amounts with their signs, shares, units, bounds and periods: a wrong one is never supported, and
the right one in other writing is."""

import pytest

from app.rag.grounding.embedded import EmbeddedChecker
from tests.rag.passages import passage


def verdict(source: str, answer: str) -> str:
    (check,) = EmbeddedChecker().check("", answer, [passage(source)])
    return check.verdict


@pytest.mark.parametrize(
    ("source", "right", "wrong"),
    [
        # formal numerals
        ("合同总价为壹佰万元整。", "合同总价为100万元。", "合同总价为贰佰万元整。"),
        ("履约保证金为叁拾万元。", "履约保证金为 300,000 元。", "履约保证金为贰拾万元。"),
        ("每台设备押金叁仟元。", "每台设备押金三千元。", "每台设备押金贰仟元。"),
        ("合同总价為貳佰萬圓整。", "合同总价为二百万元。", "合同总价为三百万元。"),
        ("货款为壹佰贰拾叁元肆角伍分。", "货款为123.45元。", "货款为123.54元。"),
        # shares
        ("违约金为每日千分之五。", "违约金为每日 5‰。", "违约金为每日千分之三。"),
        ("违约金按千分之五计算。", "违约金按 0.5% 计算。", "违约金按百分之五计算。"),
        ("滞纳金按万分之五计算。", "滞纳金按 0.05% 计算。", "滞纳金按千分之五计算。"),
        ("The penalty is 5‰ of the price.", "The penalty is 0.5% of the price.",
         "The penalty is 5% of the price."),
        # signs
        ("冷库温度为−18℃。", "冷库温度为零下18℃。", "冷库温度为18℃。"),
        ("冷库温度为零下十八度。", "冷库温度为-18℃。", "冷库温度为18度。"),
        ("试剂应保存在 5 ℃。", "试剂应保存在 5 ℃。", "试剂应保存在 −5 ℃。"),
        ("Store the vaccine at –20 °C.", "Store the vaccine at 20 degrees below zero.",
         "Store the vaccine at 20 °C."),
        # bounds
        ("单笔5000元以上的须经总经理审批。", "单笔超过5000元的须经总经理审批。",
         "单笔5000元以下的须经总经理审批。"),
        ("单笔5000元及以下的由主管审批。", "单笔不超过5000元的由主管审批。",
         "单笔5000元及以上的由主管审批。"),
        ("Parcels of 20 kg or more are sent by freight.",
         "Parcels of at least 20 kg are sent by freight.",
         "Parcels of 20 kg or less are sent by freight."),
        ("Children aged 12 and under travel free.", "Children up to 12 travel free.",
         "Children aged 12 and over travel free."),
        ("单价为5元/公斤。", "单价为每公斤5元。", "单价为5元/吨。"),
        ("病假证明应在3天内提交。", "病假证明最迟3天提交。", "病假证明应在3天以上提交。"),
        # units
        ("水箱容积为5立方米。", "水箱容积为5000升。", "水箱容积为5升。"),
        ("水箱容积为5立方米。", "水箱容积为 5 m³。", "水箱容积为5立方厘米。"),
        ("补贴为每人300港元。", "补贴为每人 HK$300。", "补贴为每人300元。"),
        ("补贴为每人港币300元。", "补贴为每人300港元。", "补贴为每人人民币300元。"),
        ("报名费为500韩元。", "报名费为500韩元。", "报名费为500美元。"),
        ("The ticket costs HK$300.", "The ticket costs 300 Hong Kong dollars.",
         "The ticket costs $300."),
        ("The fee is USD 40.", "The fee is US$40.", "The fee is EUR 40."),
        ("The train runs at 72 km/h.", "The train runs at 20 m/s.", "The train runs at 72 m/s."),
        ("The pump delivers 5 L/min.", "The pump delivers 300 L/h.", "The pump delivers 5 L/h."),
        # periods
        ("员工每年可申请5次补贴。", "员工可申请补贴，每年5次。", "员工每月可申请5次补贴。"),
        ("The rent rises by 5% per year.", "The rent rises by 5% annually.",
         "The rent rises by 5% per month."),
        ("贷款年利率为5%。", "贷款利率为每年5%。", "贷款月利率为5%。"),
        ("Staff may work from home 2 days a week.", "Staff may work from home 2 days each week.",
         "Staff may work from home 2 days a month."),
        ("月租金为3000元。", "租金为3000元/月。", "租金为3000元/年。"),
        ("The library is closed on Wednesday.", "The library is closed on Wednesdays.",
         "The library is closed on Thursday."),
        ("食堂星期日休息。", "食堂周日休息。", "食堂星期六休息。"),
        ("窗口周一至周五开放。", "窗口周三开放。", "窗口周六开放。"),
        ("窗口周一至周五开放。", "窗口星期一到星期五开放。", "窗口周一至周四开放。"),
        ("例会每周一、三、五召开。", "例会每周三召开。", "例会每周四召开。"),
        ("培训在上半年举行。", "培训在上半年举行。", "培训在下半年举行。"),
        ("评审在3月上旬进行。", "评审在三月上旬进行。", "评审在3月下旬进行。"),
        ("评审在3月5日进行。", "评审在三月上旬进行。", "评审在3月下旬进行。"),
        ("工资在月底发放。", "工资在月末发放。", "工资在月初发放。"),
    ],
)  # fmt: skip
def test_only_the_right_amount_is_supported(source: str, right: str, wrong: str) -> None:
    assert verdict(source, right) == "supported"
    assert verdict(source, wrong) in ("contradicted", "unsupported")


@pytest.mark.parametrize(
    ("source", "answer"),
    [
        ("年假为十五天。", "年假每年15天。"),
        ("每年体检一次，每月例会两次。", "每月例会两次，每年体检一次。"),
        ("队伍由五人组成，驻地在大陆街。", "队伍由5人组成，驻地在大陆街。"),
        ("每周一次例会，由主管主持。", "例会每周一次，由主管主持。"),
        ("温度范围为10–20℃。", "温度范围为10至20℃。"),
        ("The report covers 3 – 5 days.", "The report covers 3 to 5 days."),
        ("Paying late may result in fines.", "Late payment may result in fines."),
        ("三方协议由学校保管。", "学校保管三方协议。"),
        ("应提前3天以上申请。", "最晚提前3天申请。"),
        ("项目应于12月31日前完成。", "项目应在年底前完成。"),
        ("会议定于2026年11月30日召开。", "会议定于2026年11月30日（星期一）召开。"),
        ("每人每天补贴100元。", "补贴标准为100元/人/天。"),
        ("Open Mon-Fri 9:00-17:00.", "It is open on Tuesday from 9 am to 5 pm."),
        ("Employees get 15 days of annual leave.", "Employees get 15 days of leave per year."),
        ("温度不得低于-18℃。", "温度应不低于零下18度。"),
        ("首付款为人民币叁拾万元整（¥300,000.00）。", "首付款为30万元。"),
        ("限额为5000元，超过须审批。", "限额为5000元以内，超过须审批。"),
    ],
)
def test_other_writing_stays_supported(source: str, answer: str) -> None:
    assert verdict(source, answer) == "supported"


def test_a_dollar_sign_behind_a_countrys_letters_closes_no_formula() -> None:
    source = "The fee is HK$200 for members, or US$ 40."
    assert verdict(source, "The fee is HK$200 for members, or US$ 40.") == "supported"
    assert verdict(source, "The fee is HK$300 for members, or US$ 40.") == "contradicted"
    assert verdict(source, "The fee is $300 for members, or US$ 40.") == "contradicted"
    assert verdict("年假为15天。", "年假为15天，$x = 20$。") == "supported"
