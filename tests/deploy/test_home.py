"""Two checkouts side by side never meet."""

import socket
from pathlib import Path

import pytest

from deploy.dev import home, programs
from deploy.dev.home import Home

pytestmark = pytest.mark.pure


def test_two_checkouts_share_no_port_path_or_name(tmp_path: Path) -> None:
    one, two = Home(tmp_path / "one"), Home(tmp_path / "two")
    for checkout in (one, two):
        checkout.root.mkdir()
        checkout.make()
    one_ports = one.ports()
    with _listening_on(one_ports["gateway"]):
        two_ports = two.ports()
    assert not set(one_ports.values()) & set(two_ports.values())
    assert one.tag != two.tag
    assert one.mark != two.mark
    assert one.socket != two.socket


def test_ports_are_chosen_once_and_kept(tmp_path: Path) -> None:
    checkout = Home(tmp_path)
    assert checkout.ports() == checkout.ports() == Home(tmp_path).choose_ports()


def test_a_port_that_somebody_took_is_replaced_and_no_other(tmp_path: Path) -> None:
    checkout = Home(tmp_path)
    before = checkout.ports()
    with _listening_on(before["rabbitmq"]):
        after = checkout.choose_ports()
    assert {name for name in before if before[name] != after[name]} == {"rabbitmq"}


def test_no_port_is_given_twice(tmp_path: Path) -> None:
    ports = Home(tmp_path).ports()
    assert len(set(ports.values())) == len(ports)


def test_the_control_socket_fits_the_kernel_s_limit_below_a_long_path(tmp_path: Path) -> None:
    deep = Home(tmp_path / ("long" * 30))
    assert len(str(deep.socket)) <= home.SOCKET_PATH_MAX
    assert Home(Path("/short")).socket == Path("/short/.dev/run/supervisor.sock")


def test_only_accounts_is_told_where_the_private_keys_are(tmp_path: Path) -> None:
    checkout = Home(tmp_path)
    told = {
        name: programs.service_env(checkout, checkout.ports(), name, test=False)
        for name in home.SERVICES
    }
    assert [name for name in told if "JWT_PRIVATE_KEYS" in told[name]] == ["accounts"]


def test_only_a_test_deployment_can_have_its_clock_moved(tmp_path: Path) -> None:
    checkout = Home(tmp_path)
    ordinary = programs.service_env(checkout, checkout.ports(), "jobs", test=False)
    test = programs.service_env(checkout, checkout.ports(), "jobs", test=True)
    added = test.keys() - ordinary.keys()
    assert added == {"UKEOI_TEST_DEPLOYMENT", "UKEOI_CLOCK_FILE", "UKEOI_FAULTS_FILE"}


def _listening_on(port: int) -> socket.socket:
    return socket.create_server(("127.0.0.1", port))
