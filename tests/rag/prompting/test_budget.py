"""A prompt is as long as the engine reads in time."""

from app.rag.prompting.budget import WITHIN_S, PromptBudget


def measured(budget: PromptBudget, tokens: int, seconds: float, engine: str = "a") -> PromptBudget:
    """After a first answer, which does not count, and one that took so long."""
    for took in (1e-3, seconds):
        budget.learn(engine, tokens, took)
    return budget


def test_before_anything_was_measured_all_of_it_may_be_used() -> None:
    assert PromptBudget(650, 450).tokens("a", 200) == 650


def test_a_slow_engine_gets_shorter_prompts_and_a_quick_one_no_longer_ones() -> None:
    slow = measured(PromptBudget(650, 450), 300, 300 / 50)  # 50 tokens a second
    quick = measured(PromptBudget(650, 450), 300, 0.1)
    assert slow.tokens("a", 200) == 200 + 50 * WITHIN_S
    assert quick.tokens("a", 200) == 650


def test_there_is_always_room_for_a_source() -> None:
    budget = measured(PromptBudget(650, 450), 300, 600)
    assert budget.tokens("a", 200) == 450


def test_one_slow_answer_among_quick_ones_changes_little() -> None:
    budget = PromptBudget(3000, 450)
    for seconds in (9.0, 1.0, 1.0, 1.0, 3.0):
        budget.learn("a", 300, seconds)
    assert 200 * WITHIN_S < budget.tokens("a", 0) < 300 * WITHIN_S


def test_a_given_budget_stays() -> None:
    budget = measured(PromptBudget(900), 300, 600)
    assert budget.tokens("a", 200) == 900


def test_what_took_no_time_teaches_nothing() -> None:
    budget = PromptBudget(650, 450)
    for tokens in (0, -3, 0, -3):
        budget.learn("a", tokens, 5)
    assert budget.tokens("a", 0) == 650


def test_each_engine_has_a_speed_of_its_own() -> None:
    budget = measured(PromptBudget(650, 450), 300, 600)
    assert (budget.tokens("a", 200), budget.tokens("b", 200)) == (450, 650)


def test_the_first_answer_teaches_nothing() -> None:
    budget = PromptBudget(650, 450)
    budget.learn("a", 300, 60)
    assert budget.tokens("a", 200) == 650
    budget.learn("a", 300, 60)
    assert budget.tokens("a", 200) == 450
