"""Sentences in both languages, by which an embedder is measured."""

PAIRS: tuple[tuple[str, str], ...] = (
    ("会议室在三楼，请提前预订。", "The meeting room is on the third floor; please book it."),
    ("员工每年享有十天带薪休假。", "Employees have ten days of paid leave a year."),
    ("设备应存放在干燥通风的地方。", "The device should be kept in a dry and airy place."),
    ("合同自双方签字之日起生效。", "The contract takes effect on the day both parties sign it."),
    ("数据每天备份一次，保留三十天。", "Data are backed up once a day and kept for thirty days."),
    ("发票应在一个月内提交财务部。", "Invoices must reach the finance department within a month."),
    ("密码长度不得少于八位。", "Passwords must have at least eight characters."),
    ("按下电源键三秒即可开机。", "Press the power key for three seconds to switch it on."),
    (
        "公司成立于一九九八年，总部在南京。",
        "The company was founded in 1998 and sits in Nanjing.",
    ),
    ("客户可以在七天内退货。", "Customers may return goods within seven days."),
    ("红灯闪烁表示连接中断。", "A blinking red light means that the connection is lost."),
    ("本季度销售额增长了百分之五。", "Sales grew by five per cent in this quarter."),
    ("项目由张经理负责，预计六月完成。", "The project is led by Manager Zhang and ends in June."),
    ("请勿在高温环境下充电。", "Do not charge it where it is hot."),
    ("服务中断时请拨打热线电话。", "Call the hotline when the service is down."),
    ("软件更新通常需要十分钟。", "A software update usually takes ten minutes."),
)
