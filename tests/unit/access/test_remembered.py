"""The bounded memory that everything the engine knows is kept in."""

from core.access.remembered import Remembered


def test_keeps_what_is_used_and_forgets_the_rest() -> None:
    memory = Remembered[str, int](2)
    for number, key in enumerate("abcd"):
        memory.put(key, number)
        memory.get("a")

    assert (memory.get("a"), memory.get("b"), memory.get("d")) == (0, None, 3)


def test_holds_two_generations_of_the_weight_it_may_have_and_no_more() -> None:
    memory, dropped = Remembered[int, str](10, weigh=len), list[None]()
    memory.evicted = lambda: dropped.append(None)

    for number in range(100):
        memory.put(number, "four")

    assert len(memory) == 4
    assert len(dropped) == 49
    assert [memory.get(number) for number in (95, 99)] == [None, "four"]


def test_what_is_heavier_than_all_of_it_is_kept_alone() -> None:
    memory = Remembered[str, str](3, weigh=len)
    memory.put("a", "1")
    memory.put("b", "very much")

    assert memory.get("b") == "very much"
    memory.put("c", "1")
    memory.put("d", "1")
    memory.put("e", "1")
    memory.put("f", "1")

    assert memory.get("b") is None


def test_what_is_put_again_weighs_once_and_what_is_forgotten_nothing() -> None:
    memory = Remembered[str, str](3, weigh=len)
    for _ in range(5):
        memory.put("a", "11")
    memory.put("b", "1")
    assert len(memory) == 2

    assert memory.forget("a")
    assert not memory.forget("a")
    memory.put("c", "11")

    assert (len(memory), memory.get("b"), memory.get("c")) == (2, "1", "11")
