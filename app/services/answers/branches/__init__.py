"""The branches of a conversation: a question asked in other words begins another one.

Of the questions asked in one place one is chosen. A message is shown if every question up to it is
chosen, so one branch is shown; an answer is shown with all its variants. `shown` follows from
`chosen` and is stored as well: a conversation is read and searched with one condition.
"""
