"""The bounded memory that everything the engine knows is kept in."""

from core.access.remembered import Remembered


def test_keeps_what_is_used_and_forgets_the_rest() -> None:
    memory = Remembered[str, int](2)
    for number, key in enumerate("abcd"):
        memory.put(key, number)
        memory.get("a")

    assert (memory.get("a"), memory.get("b"), memory.get("d")) == (0, None, 3)


def test_holds_two_generations_of_the_weight_it_may_have_and_no_more() -> None:
    memory, dropped = Remembered[int, str](40, weigh=len), list[None]()
    memory.evicted = lambda: dropped.append(None)

    for number in range(100):
        memory.put(number, "four")

    assert len(memory) == 20
    assert len(dropped) == 9
    assert [memory.get(number) for number in (79, 99)] == [None, "four"]


def test_one_value_never_takes_more_than_a_part_of_the_room() -> None:
    memory = Remembered[str, str](16, weigh=len)
    memory.put("heavy", "x" * 1000)
    for number in range(7):
        memory.put(str(number), "12")

    assert len(memory) == 8
    assert memory.get("heavy")
    memory.put("one more", "12")
    memory.put("another", "12")

    assert memory.get("heavy")


def test_what_is_put_again_weighs_once_and_what_is_forgotten_nothing() -> None:
    memory, dropped = Remembered[str, str](24, weigh=len), list[None]()
    memory.evicted = lambda: dropped.append(None)
    for _ in range(20):
        memory.put("a", "111")
    for number in range(7):
        memory.put(str(number), "111")
    assert not dropped

    assert memory.forget("a")
    assert not memory.forget("a")
    memory.put("b", "111")

    assert not dropped
    assert len(memory) == 8
