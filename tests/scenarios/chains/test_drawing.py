"""Pictures of chains: every node has a place, and what happens is seen."""

from __future__ import annotations

import numpy as np
import pytest

from stillage_scenarios.chains.env import ChainEnv, chain_model
from stillage_scenarios.chains.files import chain_path, shipped
from stillage_scenarios.chains.picture import drawing
from stillage_scenarios.chains.picture.layout import network
from stillage_sim.chain import running
from stillage_sim.chain.building.model import build
from stillage_sim.chain.file.load import load_chain


@pytest.mark.parametrize("name", shipped())
def test_nodes_stand_apart_on_the_canvas(name: str) -> None:
    model = chain_model(name)
    net = network(model)
    for n, one in enumerate(net.boxes):
        assert one.x >= 0
        assert one.y >= 0
        assert one.x + one.w <= net.width
        assert one.y + one.h <= net.height
        for other in net.boxes[n + 1 :]:
            beside = one.x + one.w < other.x or other.x + other.w < one.x
            assert beside or one.y + one.h < other.y or other.y + other.h < one.y
    shown = [a for card in net.cards for a in card.accounts]
    told = [n for n, a in enumerate(model.accounts) if a.kind not in ("outside", "transit")]
    assert sorted(shown) == told
    assert sorted(k for card in net.cards for k in card.machines) == [*range(len(model.machines))]
    assert sorted(d for card in net.cards for d in card.devices) == [*range(len(model.devices))]
    linked = {w for link in net.links for w in link.ways}
    inner = set(range(len(model.ways))) - linked
    assert all(model.ways[w].kind in ("process", "return") for w in inner)


@pytest.mark.parametrize("name", shipped())
def test_every_chain_has_a_picture_and_words(name: str) -> None:
    model = chain_model(name)
    state = running.new_states(model, 2)  # not begun: all is empty
    frame = drawing.picture(drawing.sheet(model), state, 1)
    net = network(model)
    assert frame.shape == (net.height, net.width, 3)
    assert frame.dtype == np.uint8
    words = drawing.text(drawing.sheet(model), state, 1)
    for card in net.cards:
        assert f"{card.name} ({card.kind})" in words


def test_machines_stand_where_they_work_and_not_where_it_goes() -> None:
    text = chain_path("plastics").read_text(encoding="utf-8")
    for lane in ("PET", "HDPE", "PP", "LDPE"):  # the second pass throws straight into the lines
        text = text.replace(f'{{ to = "{lane}", good = ', f'{{ to = "recycler.{lane}", good = ')
    cards = {card.name: card for card in network(build(load_chain(text))).cards}
    model = build(load_chain(text))
    assert {model.machines[k] for k in cards["sorter"].machines} == {
        "belt", "ejectors", "second belt",
    }  # fmt: skip


def test_a_picture_shows_stocks_machines_and_power() -> None:
    model = chain_model("plastics")
    state = running.new_states(model, 1)
    state.machines.speed[:] = 1.0
    before = drawing.picture(drawing.sheet(model), state, 0)
    net = network(model)

    def changed(card: str) -> float:
        after = drawing.picture(drawing.sheet(model), state, 0)
        box = net.boxes[[c.name for c in net.cards].index(card)]
        x, y, x2, y2 = (int(v) for v in (box.x, box.y, box.x + box.w, box.y + box.h))
        seen = (after[y:y2, x:x2] != before[y:y2, x:x2]).any()
        state_elsewhere = (after != before).sum() - (after != before)[y:y2, x:x2].sum()
        assert state_elsewhere == 0
        return bool(seen)

    state.chain.mass[0, model.account("shops")] = 9e3
    assert changed("shops")
    state.chain.mass[0, model.account("shops")] = 0.0
    state.machines.mode[0, model.machines.index("moulding")] = 3
    assert changed("factory")
    state.machines.mode[0] = 0
    state.devices.energy[0, 1, 0] = 2e5
    assert changed("sorter")


def test_a_chain_of_two_nodes_has_a_picture() -> None:
    bins = """
        [chain]
        name = "glass"
        [materials.glass]
        [nodes."Behälter für Altglas, sehr lang benannt"]
        kind = "collection"
        lanes = ["clear"]
        [nodes.pit]
        kind = "disposal"
        [[edges]]
        from = "Behälter für Altglas, sehr lang benannt.clear"
        to = "pit"
        lead_h = 2
    """
    model = build(load_chain(bins))
    assert drawing.picture(drawing.sheet(model), running.new_states(model, 1), 0).shape[2] == 3


def test_frames_of_an_environment() -> None:
    env = ChainEnv(render_mode="rgb_array")
    env.reset(seed=1)
    first = env.render()
    for _ in range(30):
        env.step(env.simulation.decide(env.replicas.state)[0])
    later = env.render()
    assert (first != later).any(axis=2).mean() > 0.01
    assert (later == env.render()).all()
    told = ChainEnv(render_mode="ansi")
    told.reset(seed=1)
    assert told.render().startswith("plastics, day 1, 00:00: +0 €")
