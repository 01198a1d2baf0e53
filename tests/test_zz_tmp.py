from collections import Counter
import tests.test_schemathesis as m
from tests.processes import serving
def test_stats(home):
    c=Counter()
    orig=m._faults
    def f(event):
        for cid, i in event.recorder.interactions.items():
            case=event.recorder.cases[cid].value
            mode=case.meta.generation.mode.value if case.meta else None
            c[event.phase.value, case.operation.label, mode, i.response.status_code if i.response else None]+=1
        yield from orig(event)
    m._faults=f
    with serving(home) as server:
        t,faults=m._run(server.address)
    for k,v in sorted(c.items(),key=str): print(k,v)
    assert 0
