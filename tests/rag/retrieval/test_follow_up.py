"""Which questions are searched along with the one before them.

The rules were adjusted by the first two lists; the `KEPT` ones were written afterwards.
"""

import pytest

from app.rag.retrieval.follow_up import leans

ALONE = """
如何重置密码？
怎么申请报销？
需要提前几天请假？
可以带宠物进办公室吗？
多久备份一次数据库？
什么时候发放年终奖？
为什么要打卡？
有哪些休假类型？
能在家办公吗？
会议室怎么预订？
几点下班？
如果发票丢失怎么办？
要交哪些入职材料？
是否提供班车？
有没有员工食堂？
哪些费用可以报销？
多少人可以参加培训？
还款期限是多久？
其他城市的住宿标准是多少？
试用期多长？
谁审批采购？
怎样连接打印机？
为什么服务器会自动重启？
如何更换滤网？
那不勒斯办事处的地址在哪？
能否提前还款？
另外购买保险要多少钱？
什么是双因素认证？
年假几天？
忘带工牌怎么办？
发票抬头怎么写？
员工离职时要交还哪些物品？
有效期多长时间的证件才可以使用？
会计科目如何设置？
要求供应商提供哪些证书？
How do I reset my password?
Is there a canteen in the building?
When does the warranty end?
Who signs contracts?
What does the red light mean?
Which documents do I need for a visa?
How many days of leave are there in the first year?
If a laptop is lost, who must be told?
Why is the server restarted every night?
Can employees bring their dogs to the office?
What should staff do when they lose their badge?
What is the rule that covers overtime?
Is it possible to work from home?
Does the company pay for its employees' phones?
What happens to data that was deleted?
How long does it take to get a visa?
Does the printer keep documents that were not collected?
Who is the manager of this company?
Which floor is the library on?
What is this handbook about?
What is one allowed to bring to the exam?
How can customers return their orders?
Was the contract signed in 2019 or later?
When is it allowed to use the side entrance?
Who won the match?
Where is parking?
What did Maria Keller say about her contract?
How did Tom Reed lose his licence?
What are the steps to enable two-factor login?
Are there showers?
HG-200 的备用电池能用多久？
公司的股票代码是什么？
去上海出差，普通员工住酒店每晚最多能报销多少钱？
What does a blinking red CLOUD light mean?
""".strip().splitlines()

LEANING = """
此合同何时生效？
这款打印机支持双面打印吗？
该公司的注册资本是多少？
那病假呢？
它的重量是多少？
他什么时候入职的？
这个标准从什么时候开始？
HG-300 呢？
那要多久？
为什么？
多少钱？
还有呢？
那个型号支持吗？
如果没有呢？
其中最贵的是哪个？
上述规定适用于实习生吗？
前者和后者有什么区别？
它们有什么不同？
那上海呢？
要多久？
谁负责？
怎么申请？
该产品的保修期多长？
二车间呢？
这样做合法吗？
那第二条怎么说？
另外还需要什么？
什么时候？
几天？
这些费用由谁承担？
她的电话是多少？
那2024年的呢？
此外还有哪些要求？
And sick leave?
Why?
How long does it last?
What about the second model?
Is it heavy?
Who approves them?
And a steady red one?
When was she hired?
How much does that cost?
What if there is none?
Are they paid?
And in Berlin?
How about weekends?
Does this apply to interns?
What is its weight?
Which of these is the cheapest?
Where can I get one?
What are the exceptions to that?
Then who signs?
But what if I am ill?
How many?
Since when?
Does he need approval?
And who pays for it?
员工在试用期内可以申请它吗？
那二类城市的伙食补贴是多少？
""".strip().splitlines()

KEPT_ALONE = """
如何申请门禁卡？
需要带身份证吗？
可以用手机打卡吗？
怎样开具在职证明？
多久体检一次？
有几条生产线？
食堂在哪里？
要不要穿工作服？
能报销打车费吗？
为什么会停机？
什么叫弹性工作制？
在哪里打印合同？
发生火灾时应该怎么做？
其余款项何时支付？
因此产生的费用由哪方承担？
应该向谁报告事故？
另一名评审人是谁？
合同编号是多少？
How do I apply for parental leave?
Is it necessary to wear a helmet?
What is the first step?
Who should be called if it rains?
Are visitors allowed on the roof?
What did the board decide about its budget?
Where do students keep their bikes?
Which of the machines is the fastest?
How is overtime paid?
Can I bring my own laptop?
Does the guarantee cover parts that break?
What are the opening hours?
""".strip().splitlines()

KEPT_LEANING = """
那费用呢？
它支持蓝牙吗？
这种情况怎么处理？
那一般要几天？
还要交什么？
多久？
她负责哪些区域？
上述期限可以延长吗？
那第三季度呢？
他们的联系方式是什么？
为何？
其价格是多少？
这是为什么？
该设备多重？
那样会罚款吗？
QX-20 呢？
Where is it?
And the deposit?
How much are they?
What about trainees?
Who wrote it?
When does it end?
Is that also true for Paris?
How come?
Can he bring one?
Do these cost extra?
Then what?
And after that?
Why is she exempt?
What colour is it?
""".strip().splitlines()


@pytest.mark.parametrize("questions", [ALONE, KEPT_ALONE])
def test_hardly_any_question_that_stands_alone_leans(questions: list[str]) -> None:
    wrong = [question for question in questions if leans(question)]
    assert len(wrong) <= 0.1 * len(questions), wrong


@pytest.mark.parametrize("questions", [LEANING, KEPT_LEANING])
def test_most_questions_that_need_the_one_before_are_found(questions: list[str]) -> None:
    missed = [question for question in questions if not leans(question)]
    assert len(missed) <= 0.15 * len(questions), missed


@pytest.mark.parametrize(
    "question",
    [
        "如何重置密码？",  # no subject
        "其他城市的标准是多少？",
        "结合创新公司的年报，总结其风险。",
        "Can employees bring their dogs to the office?",
        "What happens to data that was deleted?",
        "Is it possible to work from home?",
    ],
)
def test_a_word_that_points_at_something_in_the_question_does_not_count(question: str) -> None:
    assert not leans(question)
