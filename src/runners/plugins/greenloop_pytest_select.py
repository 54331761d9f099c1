"""Which tests pytest found, and which of them this process runs."""
import json
import os

from greenloop_pytest_channel import JOB, SCRATCH

def marks_of(item):
    """Tags, case and labels that the marks of a test carry."""
    tags, labels, case = {}, {}, None
    for mark in item.iter_markers():
        if mark.name in ("case", "greenloop_case") and mark.args:
            case = case or str(mark.args[0])
        elif mark.name == "allure_label" and mark.args:
            name = str(mark.kwargs.get("label_type", "label"))
            labels.setdefault(name, ", ".join(str(value) for value in mark.args))
        elif mark.name.startswith("allure_"):
            value = mark.args[0] if mark.args else mark.kwargs.get("name", "")
            labels.setdefault(mark.name[7:], str(value))
        elif mark.name not in ("parametrize", "usefixtures", "filterwarnings"):
            tags[mark.name] = True
    return list(tags), labels, case


def describe(item):
    nodeid = item.nodeid
    file, _, rest = nodeid.partition("::")
    inner = rest.split("[", 1)[0].split("::")
    tags, labels, case = marks_of(item)
    test = {"id": nodeid, "name": item.name, "file": file, "suite": inner[:-1], "tags": tags, "labels": labels}
    if item.location[1] is not None:
        test["line"] = item.location[1] + 1
    if case is not None:
        test["caseId"] = case
    return test


def chosen(items):
    """The items of this process and the others."""
    choice = JOB.get("select") or {}
    if choice.get("kind") == "ids":
        wanted = set(choice["ids"])
    elif choice.get("shard") and choice["shard"]["of"] > 1:
        wanted = shard(items, choice["shard"]["index"], choice["shard"]["of"])
    else:
        return items, []
    keep, rest = [], []
    for item in items:
        (keep if item.nodeid in wanted else rest).append(item)
    return keep, rest


def shard(items, index, of):
    """Ids of one part. Parts are contiguous in an order that no shuffling plugin changes; together they are everything.

    A border moves to the nearest beginning of a module where that costs at most a quarter of a part.
    """
    order = sorted({item.nodeid: (item.nodeid.split("::", 1)[0], item.location[1] or 0, item.nodeid) for item in items}.values())
    starts = [0] + [at for at in range(1, len(order)) if order[at][0] != order[at - 1][0]] + [len(order)]
    slack = len(order) / of / 4

    def border(number):
        exact = round(len(order) * number / of)
        near = min(starts, key=lambda start: abs(start - exact))
        return near if abs(near - exact) <= slack else exact

    return {key[2] for key in order[border(index):border(index + 1)]}


def collected_path(worker):
    return os.path.join(SCRATCH, "collected-%s.json" % worker)


def write_collected(worker, tests, deselected):
    if SCRATCH:
        with open(collected_path(worker), "w", encoding="utf-8") as file:
            json.dump({"tests": tests, "deselected": deselected}, file)


def read_collected(worker, ids):
    """What a worker wrote; bare names where its file cannot be read (a worker on another machine)."""
    try:
        with open(collected_path(worker), encoding="utf-8") as file:
            found = json.load(file)
        return found["tests"], found["deselected"]
    except (OSError, ValueError):
        return [plain_test(nodeid) for nodeid in ids], 0


def plain_test(nodeid):
    file, _, name = nodeid.partition("::")
    return {"id": nodeid, "name": name, "file": file, "suite": [], "tags": [], "labels": {}}
