"""A client may take its time, within bounds: what comes too slowly ends its own connection and nothing else."""

import pytest

LARGE = 64 << 20


@pytest.mark.parametrize("name", ["half_a_head", "half_a_second_head", "a_head_byte_by_byte"])
def test_a_head_that_takes_more_than_10_seconds_is_a_408(slow_clients, name):
    outcome = slow_clients.outcome(name)
    assert outcome.answer and outcome.answer.status == 408 and outcome.answer.problem == "request-timeout"
    assert 9 <= outcome.seconds <= 13 and outcome.closed


@pytest.mark.parametrize("name", ["half_a_body", "half_a_chunk"])
def test_a_body_without_progress_for_30_seconds_is_a_408(slow_clients, name):
    outcome = slow_clients.outcome(name)
    assert outcome.answer and outcome.answer.status == 408 and outcome.answer.problem == "request-timeout"
    assert 28 <= outcome.seconds <= 34 and outcome.closed
    assert slow_clients.server.get("slow/object").status == 404


def test_a_body_that_makes_progress_may_take_longer(slow_clients):
    outcome = slow_clients.outcome("a_body_bit_by_bit")
    assert outcome.answer.status == 201 and outcome.seconds > 34
    assert slow_clients.server.get("slow/bits").body == b"x" * 40_000


def test_a_response_that_nobody_reads_is_given_up(slow_clients):
    outcome = slow_clients.outcome("a_response_that_is_not_read")
    assert 0 < outcome.received < LARGE


def test_a_response_that_is_read_slowly_arrives_whole(slow_clients):
    outcome = slow_clients.outcome("a_response_read_bit_by_bit")
    assert outcome.received > LARGE


@pytest.mark.parametrize("name", ["nothing_at_all", "nothing_more"])
def test_a_connection_without_a_request_is_closed_after_a_minute_without_a_word(slow_clients, name):
    outcome = slow_clients.outcome(name)
    assert outcome.answer is None and outcome.closed
    assert 58 <= outcome.seconds <= 64


def test_slow_clients_cost_no_worker(slow_clients):
    for name in slow_clients.outcomes:
        slow_clients.outcome(name)
    assert slow_clients.server.worker_pids() == slow_clients.worker_pids, slow_clients.server.log.read_text()
    metrics = slow_clients.server.metrics()
    assert metrics["inlay_worker_deaths_total"] == 0 and metrics["inlay_connections_open"] == 1


def test_a_server_whose_client_never_ends_ends_when_its_time_is_up(slow_drain):
    slow_drain.thread.join()
    assert slow_drain.code == 0 and 29 < slow_drain.seconds < 40, (slow_drain.code, slow_drain.seconds)
    assert "signal" not in slow_drain.server.log.read_text()
