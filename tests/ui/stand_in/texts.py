"""Texts the stand-in serves, written for these tests."""

LEAVE_RULES = """# 员工休假制度

入职满一年的员工每年享有十天带薪年假；满五年的员工享有十五天。年假按自然年计算，当年未休完的部分可以顺延到次年三月底。

申请年假须提前三个工作日在系统中提交，由直属主管批准。连续休假超过五天的，还需要部门负责人批准。

病假须在当天上午十点前通知主管，超过两天的需要提供医院证明。病假期间工资按百分之八十发放。

婚假为十天，产假按国家规定执行，陪产假为十五天。"""

TRAVEL_RULES = """# Travel policy

Employees book trains in second class and flights in economy class. Upgrades need
written approval from the head of the department.

Hotel costs are refunded up to 500 yuan a night in Beijing, Shanghai and Shenzhen
and up to 350 yuan elsewhere.

Receipts must be handed in within 30 days after the trip. Later claims are refused."""

ANSWERS = (
    "入职满一年的员工每年有 **十天** 带薪年假，满五年后为 **十五天** [1]。\n\n"
    "申请时要注意：\n\n- 提前三个工作日在系统中提交，由直属主管批准 [2]。\n"
    "- 连续超过五天的，还需要部门负责人批准 [2]。\n\n当年未休完的可以顺延到次年三月底 [1]。",
    "年假：满一年十天，满五年十五天 [1]。请提前三个工作日申请 [2]。",
)

# With a list, a table, code, and statements that no source supports.
LONG_ANSWER = """## 假期一览

| 假期 | 天数 |
|---|---|
| 年假（满一年） | 10 天 |
| 年假（满五年） | 15 天 |
| 婚假 | 12 天 |

申请步骤：

1. 提前三个工作日在系统中提交。
2. 由直属主管批准；连续休假超过五天的，还需要部门负责人批准。
3. 火星分部的员工另行通知。

```python
days = {"annual": 10, "sick": 0}
second = items[1]
```

病假期间工资按百分之六十发放[1]。当年未休完的年假可以顺延到次年三月底。"""

# Questions with one of these words find no answer.
NO_SOURCES = ("月球", "moon")

THOUGHT = (
    """好的，用户问的是年假天数。先看资料[1]：工作满一年不满十年的，年假五天；满十年不满二十年的，十天。

资料[2]讲的是病假，和这个问题没有直接关系。<script>alert(1)</script> 这样的内容不必理会。

用户没有说明工龄，所以应当把几种情况都列出来，并且注明出处。还要注意：资料里有没有提到需要提前申请？有，须提前一周。

那么回答的结构是：先给出按工龄划分的天数，再补充申请的要求。不要写资料里没有的内容。"""
    * 2
)
