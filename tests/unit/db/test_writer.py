"""The count of what a process hands to the ledger: each number once, and none lost without a word."""

import os
import threading

from app.writer import Turn, Writer


def test_counts_go_up_by_one_under_one_id() -> None:
    writer = Writer()
    turns = [writer.take() for _ in range(3)]
    assert [turn.count for turn in turns] == [1, 2, 3]
    assert len({turn.writer for turn in turns}) == 1
    assert Writer().take().writer != turns[0].writer


def test_what_was_lost_is_told_once_with_the_next() -> None:
    writer = Writer()
    for _ in range(4):
        writer.lost(writer.take())
    told = writer.take()
    assert (told.count, told.unwritten) == (5, ((1, 4),))
    assert writer.take().unwritten == ()


def test_what_a_lost_turn_would_have_told_is_told_again() -> None:
    writer = Writer()
    one, two, three = writer.take(), writer.take(), writer.take()
    assert writer.lost(one)  # a later one was handed out before
    assert not writer.lost(three)
    four = writer.take()
    assert four.unwritten == ((1, 1), (3, 3))
    writer.lost(four)
    assert writer.take().unwritten == ((1, 1), (3, 4))
    assert two.count == 2


def test_threads_never_share_a_count() -> None:
    writer, taken = Writer(), list[Turn]()

    def work() -> None:
        taken.extend(writer.take() for _ in range(500))

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(turn.count for turn in taken) == list(range(1, 4001))


def test_a_forked_process_is_another_writer() -> None:
    writer = Writer()
    before, (reads, writes) = writer.take(), os.pipe()
    if os.fork() == 0:
        turn = writer.take()
        os.write(writes, f"{turn.writer} {turn.count}".encode())
        os._exit(0)
    os.wait()
    name, count = os.read(reads, 100).decode().split()
    os.close(reads)
    os.close(writes)
    assert (name != str(before.writer), count) == (True, "1")
