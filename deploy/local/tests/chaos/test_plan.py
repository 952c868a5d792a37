import pytest

from shopsite_local.chaos.plan import NETWORK, PROCESSES, SERVERS, Action, plan
from shopsite_local.chaos.profile import LONG, SHORT
from shopsite_local.layout import LINKS


def test_the_same_seed_gives_the_same_plan():
    assert plan(7, SHORT) == plan(7, SHORT)
    assert plan(7, SHORT) != plan(8, SHORT)


@pytest.mark.parametrize("seed", range(20))
def test_a_plan_stays_within_its_profile(seed):
    deeds = plan(seed, SHORT)
    assert len(deeds) >= 20
    assert [deed.at for deed in deeds] == sorted(deed.at for deed in deeds)
    assert all(0 < deed.at < SHORT.load_seconds and deed.seconds <= SHORT.longest_seconds for deed in deeds)


@pytest.mark.parametrize("seed", range(5))
def test_nobody_is_left_out_of_a_long_run(seed):
    deeds = plan(seed, LONG)
    struck = {deed.target for deed in deeds if deed.action in {Action.KILL, Action.STOP, Action.FREEZE, Action.RESTART}}
    cut = {deed.target for deed in deeds if deed.action in NETWORK}
    assert struck == {*PROCESSES, *SERVERS}
    assert cut == set(LINKS)
    assert {deed.action for deed in deeds} == set(Action)
