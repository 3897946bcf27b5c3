"""LanceDB and Chroma, measured as the others are: the same files, one question after the other, one core.

`peers.py make NAME FOLDER` makes a store of FOLDER's vectors in FOLDER/NAME and prints what it took, as JSON.
`peers.py ask NAME FOLDER` asks it, in a process that has one core from its start, and prints a report, as the
Rust program does (`src/measured.rs`).
"""

import json
import os
import sys
import time
from datetime import timedelta
from pathlib import Path

RECALL = 0.99
WARM_UP = 20
LONGEST_SECONDS = 5.0
FEWEST = 50
WANTED = 10
CHUNK = 10_000
# A batch that Chroma takes, of which a store is a multiple.
BATCH = 5_000


def main():
    what, name, folder = sys.argv[1], sys.argv[2], Path(sys.argv[3])
    if what == "ask":
        # Before anything starts a thread.
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    data = Data(folder)
    store = folder / name
    if what == "make":
        made = make_chroma(data, store) if name == "chroma" else make_lance(name, data, store)
        print(json.dumps(made))
        return
    made = json.loads((folder / f"{name}.json").read_text())
    asked = ask_chroma(data, store) if name == "chroma" else ask_lance(name, data, store)
    print(json.dumps({**made, **asked}))


class Data:
    """The vectors, which stay in their file, the questions, and what is near them."""

    def __init__(self, folder):
        import numpy

        about = json.loads((folder / "about.json").read_text())
        self.records, dimensions = about["records"], about["dimensions"]
        shape = (self.records, dimensions)
        self.base = numpy.memmap(folder / "base.f32", dtype="<f4", mode="r", shape=shape)
        questions = numpy.fromfile(folder / "questions.f32", dtype="<f4")
        self.questions = questions.reshape(-1, dimensions)
        self.truth = numpy.fromfile(folder / "truth.u32", dtype="<u4").reshape(-1, WANTED)


def asked(data, name, ask):
    """Asks all questions, or as many as there is time for."""
    for question in data.questions[:WARM_UP]:
        ask(question)
    times, found = [], 0
    begin = time.perf_counter()
    for question, truth in zip(data.questions, data.truth):
        start = time.perf_counter()
        near = ask(question)
        times.append(time.perf_counter() - start)
        found += len(set(truth.tolist()) & set(near))
        if len(times) >= FEWEST and time.perf_counter() - begin > LONGEST_SECONDS:
            break
    count, seconds = len(times), sum(times)
    times.sort()
    return {
        "name": name,
        "recall": found / (count * WANTED),
        "p50_micros": times[count // 2] * 1e6,
        "p99_micros": times[min(count * 99 // 100, count - 1)] * 1e6,
        "per_second": count / seconds,
        "questions": count,
    }


def sweep(data, settings, name, ask):
    """Asks with each setting in turn, until one finds enough."""
    measured = []
    for setting in settings:
        measured.append(asked(data, name(setting), lambda it: ask(setting, it)))
        if measured[-1]["recall"] >= RECALL:
            break
    return measured


def make_lance(name, data, store):
    import lancedb
    import pyarrow
    from lancedb.index import HnswSq, IvfPq, IvfRq

    dimensions = data.base.shape[1]
    kind = pyarrow.list_(pyarrow.float32(), dimensions)
    schema = pyarrow.schema([("id", pyarrow.int32()), ("vector", kind)])

    def batches():
        for first in range(0, data.records, CHUNK):
            rows = data.base[first : first + CHUNK]
            ids = pyarrow.array(range(first, first + len(rows)), pyarrow.int32())
            flat = pyarrow.array(rows.reshape(-1), pyarrow.float32())
            vectors = pyarrow.FixedSizeListArray.from_arrays(flat, dimensions)
            yield pyarrow.record_batch([ids, vectors], schema=schema)

    # As it comes, with the distance that all are measured by.
    config = {"lancedb-hnsw": HnswSq, "lancedb-pq": IvfPq, "lancedb-rq": IvfRq}[name]
    start = time.perf_counter()
    table = lancedb.connect(store).create_table("vectors", batches(), schema=schema)
    written = time.perf_counter() - start
    table.create_index("vector", config=config(distance_type="cosine"))
    table.wait_for_index(["vector_idx"], timedelta(minutes=30))
    shown = config.__name__
    return {
        "name": f"LanceDB {lancedb.__version__}, {shown}",
        "build_seconds": time.perf_counter() - start,
        "disk_bytes": size(store),
        "note": f"written in {written:.1f} s of that, the index as it comes",
    }


def ask_lance(name, data, store):
    import lancedb

    before = resident()
    table = lancedb.connect(store).open_table("vectors")

    def ask(setting, question):
        query = table.search(question).distance_type("cosine").limit(WANTED)
        query = query.select(["id", "_distance"])
        candidates, refine = setting
        if candidates is None:
            query = query.bypass_vector_index()
        elif name == "lancedb-hnsw":
            query = query.ef(candidates)
        else:
            query = query.nprobes(candidates)
        if refine:
            query = query.refine_factor(refine)
        return query.to_arrow()["id"].to_pylist()

    word = "ef" if name == "lancedb-hnsw" else "nprobes"
    if name == "lancedb-hnsw":
        refining, candidates = (None, 1, 2, 5), (15, 30, 60, 120, 240, 480, 960)
    else:
        refining, candidates = (None, 5, 20, 50), (5, 10, 20, 50, 100, 200)

    def shown(setting):
        refined = f", refine {setting[1]}" if setting[1] else ""
        return f"{word} {setting[0]}{refined}" if setting[0] else "all compared"

    measured = []
    for refine in refining:
        # A graph is asked for as many as are compared again.
        least = WANTED * (refine or 1) if name == "lancedb-hnsw" else 0
        settings = [(it, refine) for it in candidates if it >= least]
        measured += sweep(data, settings, shown, ask)
    memory = resident() - before
    if name == "lancedb-hnsw":
        measured += sweep(data, [(None, None)], shown, ask)
    vector = table.search().where("id = 0").limit(1).to_arrow()["vector"][0].as_py()
    table.delete("id = 0")
    table.optimize(cleanup_older_than=timedelta(0), delete_unverified=True)
    return {"memory_bytes": memory, "settings": measured, "removed_stays": holds(store, vector)}


def chroma(store):
    import chromadb

    settings = chromadb.Settings(anonymized_telemetry=False)
    return chromadb.PersistentClient(str(store), settings=settings)


def make_chroma(data, store):
    import chromadb

    start = time.perf_counter()
    vectors = chroma(store).create_collection(
        "vectors", configuration={"hnsw": {"space": "cosine"}}, embedding_function=None
    )
    for first in range(0, data.records, BATCH):
        rows = data.base[first : first + BATCH]
        vectors.add(ids=[str(first + it) for it in range(len(rows))], embeddings=rows)
    return {
        "name": f"Chroma {chromadb.__version__}",
        "build_seconds": time.perf_counter() - start,
        "disk_bytes": size(store),
        "note": "its graph as it comes",
    }


def ask_chroma(data, store):
    from chromadb.api.shared_system_client import SharedSystemClient

    before = resident()
    now = vectors = None

    def ask(expansion, question):
        nonlocal now, vectors
        if expansion != now:
            # A collection that is open goes on with the expansion that it was opened with.
            opened(store).modify(configuration={"hnsw": {"ef_search": expansion}})
            vectors = None
            SharedSystemClient.clear_system_cache()
            now, vectors = expansion, opened(store)
        found = vectors.query(query_embeddings=[question], n_results=WANTED, include=[])
        return [int(it) for it in found["ids"][0]]

    settings = (10, 20, 30, 50, 100, 200, 400, 800, 1_600, 3_200)
    measured = sweep(data, settings, lambda it: f"ef_search {it}", ask)
    memory = resident() - before
    vector = data.base[0].tolist()
    vectors.delete(ids=["0"])
    return {"memory_bytes": memory, "settings": measured, "removed_stays": holds(store, vector)}


def opened(store):
    return chroma(store).get_collection("vectors", embedding_function=None)


def size(folder):
    return sum(it.stat().st_size for it in folder.rglob("*") if it.is_file())


def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


def holds(folder, vector):
    """Whether the bytes of a vector lie in a file of the folder."""
    import numpy

    needle = numpy.asarray(vector[:16], dtype="<f4").tobytes()
    return any(needle in it.read_bytes() for it in folder.rglob("*") if it.is_file())


main()
