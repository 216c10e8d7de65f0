"""What functions publish stays in memory beside its file, within a budget, and is read from there."""

import contextlib
import threading

import pytest

from cold_data_test import cached_bytes
from serving import Server, eventually

MIB = 1 << 20
BUDGET = 8 * MIB


@contextlib.contextmanager
def serving_hot(data, hot_memory, body_memory=0, **options):
    """A server with that much memory for hot objects, and for bodies if it is said, which must not lose a worker."""
    config = data.with_suffix(".toml")
    config.write_text(f"hot_memory = {hot_memory}\n" + (f"body_memory = {body_memory}\n" if body_memory else ""))
    with Server(data, "--config", str(config), **options) as server:
        for name in ("upper", "sum"):
            server.deploy_example(name)
        workers = server.worker_pids()
        yield server
        assert server.worker_pids() == workers
        assert server.stop() == 0


@pytest.fixture(scope="module")
def hot(module_data):
    with serving_hot(module_data, BUDGET, workers=2) as server:
        yield server


def bytes_kept(server):
    return server.metrics()["inlay_hot_bytes"]


def publish(server, name, body):
    """Has `upper` write an object; its content."""
    answer = server.invoke("upper", {"into": name}, body)
    assert answer.status in (200, 201), answer
    return body.upper()


def test_a_published_object_is_read_from_the_pages_it_was_written_to(hot, noise):
    content = publish(hot, "hot/one", noise(3 * MIB + 77))
    file = hot.object_file(hot.get("hot/one").headers["ETag"].strip('"'))
    assert bytes_kept(hot) == 3 * MIB + 4096
    for _ in range(4):
        assert hot.get("hot/one").body == content
        assert hot.invoke("sum", {"object": "hot/one"}).status == 200
    assert cached_bytes(file) <= 4096  # The last block was cut to its length.
    assert file.read_bytes() == content


def test_what_is_replaced_or_deleted_is_let_go(hot, noise):
    before = hot.metrics()["inlay_hot_demotions_total"]
    publish(hot, "hot/one", noise(1 * MIB))
    hot.put("hot/one", b"another")
    assert hot.get("hot/one").body == b"another"
    publish(hot, "hot/two", noise(1 * MIB))
    assert hot.delete("hot/two").status == 204
    assert hot.get("hot/two").status == 404
    assert eventually(lambda: bytes_kept(hot) == 0)
    assert hot.metrics()["inlay_hot_demotions_total"] >= before + 2


def test_never_more_than_the_budget_is_kept_and_everything_can_be_read(hot, noise):
    contents = {}
    for number in range(12):
        name = f"hot/{number}"
        contents[name] = publish(hot, name, noise(MIB + number))
        assert bytes_kept(hot) <= BUDGET
    publish(hot, "hot/too-large", noise(BUDGET + MIB))
    assert 0 < bytes_kept(hot) <= BUDGET
    assert all(hot.get(name).body == content for name, content in contents.items())


def test_pages_change_under_running_invocations_and_no_answer_does(hot, noise):
    """1,000 sums of one object, whose pages are pushed out of memory by others and, as often, come back with a new version."""
    body = noise(2 * MIB)
    publish(hot, "hot/busy", body)
    wanted = hot.invoke("sum", {"object": "hot/busy"}).body
    wrong, demotions = [], hot.metrics()["inlay_hot_demotions_total"]

    def ask():
        for _ in range(250):
            answer = hot.invoke("sum", {"object": "hot/busy"})
            if answer.status != 200 or answer.body != wanted:
                wrong.append(answer)

    clients = [threading.Thread(target=ask) for _ in range(4)]
    for client in clients:
        client.start()
    rounds = 0
    while any(client.is_alive() for client in clients):
        publish(hot, "hot/pushes", noise(BUDGET - rounds % 7))
        publish(hot, "hot/busy", body)
        rounds += 1
    for client in clients:
        client.join()
    assert not wrong and hot.metrics()["inlay_hot_demotions_total"] >= demotions + rounds
