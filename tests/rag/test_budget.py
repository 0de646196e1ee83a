"""A prompt is as long as the engine reads in time."""

from app.rag.budget import WITHIN_S, PromptBudget


def test_before_anything_was_measured_all_of_it_may_be_used() -> None:
    assert PromptBudget(650, 450).tokens(200) == 650


def test_a_slow_engine_gets_shorter_prompts_and_a_quick_one_no_longer_ones() -> None:
    slow, quick = PromptBudget(650, 450), PromptBudget(650, 450)
    slow.learn(300, 300 / 50)  # 50 tokens a second
    quick.learn(300, 0.1)
    assert slow.tokens(200) == 200 + 50 * WITHIN_S
    assert quick.tokens(200) == 650


def test_there_is_always_room_for_a_source() -> None:
    budget = PromptBudget(650, 450)
    budget.learn(300, 600)
    assert budget.tokens(200) == 450


def test_one_slow_answer_among_quick_ones_changes_little() -> None:
    budget = PromptBudget(3000, 450)
    for seconds in (1.0, 1.0, 1.0, 3.0):
        budget.learn(300, seconds)
    assert 200 * WITHIN_S < budget.tokens(0) < 300 * WITHIN_S


def test_a_given_budget_stays() -> None:
    budget = PromptBudget(900)
    budget.learn(300, 600)
    assert budget.tokens(200) == 900


def test_what_took_no_time_teaches_nothing() -> None:
    budget = PromptBudget(650, 450)
    budget.learn(0, 5)
    budget.learn(-3, 5)
    assert budget.tokens(0) == 650
