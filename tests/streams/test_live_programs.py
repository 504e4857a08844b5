"""Programs in the live view: counted apart from policies, and shown while they are trained."""

from msgspec import structs

from streams.live.loop_state import LoopState
from tests.streams.test_live_loop_state import a_result, a_trigger, an_update

SCOPE = "program:routing"


def test_programs_are_counted_apart_from_policies() -> None:
    state = LoopState()
    assert state.programs.line(now=0.0) == ""
    state.trigger(structs.replace(a_trigger("t1/program"), scope=SCOPE), at=10.0)
    tenant = a_trigger("t1").tenant_id
    assert state.programs.line(now=13.4) == f"1 in training ({tenant} 3 s)"
    state.policy(structs.replace(an_update(), scope=SCOPE), at=14.0)
    for verdict, reason in (("promoted", "better"), ("rejected", "superseded"), ("failed", "error")):
        result = structs.replace(a_result(verdict, reason), scope=SCOPE, trigger_id="t1/program")
        state.result(result, at=14.0)
    programs = state.programs
    assert (programs.published, programs.rejected, programs.failed, programs.running) == (1, 1, 1, ())
    assert programs.line(now=15.0) == "1 published   1 rejected   1 failed"
    assert (state.triggers, state.published, state.rejected, state.failed, state.adopted) == (0, 0, 0, 0, 0)
    assert [note.kind for note in state.notes] == ["program"] * 3
    assert state.notes[0].text == "promoted, why"
