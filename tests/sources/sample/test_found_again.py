"""What the sample catalogue plants is found again by ingestion and curation under the default rules."""

from __future__ import annotations

import pytest

from spark_app.jobs import curate_tracks, ingest_catalogue
from spark_app.sources.sample import ARTIST_DIRT, TRACK_DIRT

# 40 dirty rows among 1,000: every kind of track dirt at least once.
SETTINGS = ("sample.tracks=1000", "sample.dirty_share=0.04")


@pytest.fixture
def found(make_context):
    context = make_context(*SETTINGS)
    ingest_catalogue.run(context)
    curate_tracks.run(context)
    # At most 1,100 rows each.
    names = ("ops.sample_truth", "curated.tracks", "curated.artists", "curated.variants")
    return {name: context.tables.read(name).toPandas() for name in names}


@pytest.mark.slow
def test_rows_are_kept_or_not_and_copies_are_grouped_as_planted(found):
    truth = found["ops.sample_truth"]
    places = set()
    for name in ("curated.tracks", "curated.artists"):
        places |= set(zip(found[name]["file"], found[name]["line"], strict=True))
    fates = {kind: dirt.fate for kind, dirt in {**TRACK_DIRT, **ARTIST_DIRT}.items()} | {"": "kept"}
    assert set(truth["planted"]) >= set(TRACK_DIRT)

    wrong = {
        row["planted"]
        for row in truth.to_dict("records")
        if ((row["file"], row["line"]) in places) != (fates[row["planted"]] == "kept")
    }
    assert wrong == set()

    copies = truth[truth["variant_of"].notna()]
    variants = found["curated.variants"].set_index("track_id")
    assert len(copies) > 20
    group = variants["variant_group"]
    assert list(group[copies["track_id"]]) == list(group[copies["variant_of"]])
    # Nothing else is grouped: no two other songs of an artist share a title.
    assert set(variants.index[variants["n_members"] > 1]) == set(copies["track_id"]) | set(copies["variant_of"])
    for track, mark in zip(copies["track_id"], copies["mark"], strict=True):
        assert mark == "" or mark in variants.loc[track, "marks"]

    # Each copy is to the plain song what it was made: copies without a mark are its re-releases.
    relation, reference = variants["relation"], variants["reference_id"]
    meant = {"": "same_recording", "radio edit": "edit", "sped up": "sped_up"}
    for track, mark, original in zip(copies["track_id"], copies["mark"], copies["variant_of"], strict=True):
        plain = {"reference", "same_recording"}
        assert relation[original] in plain
        assert reference[track] == reference[original]
        assert relation[track] in (plain if mark == "" else {meant.get(mark, mark)}), mark

    # Guests bring their genres along, so that a few tracks belong to another group than they sound like.
    clean = truth[truth["planted"] == ""][["track_id", "genre"]].rename(columns={"genre": "planted_group"})
    clean = clean.merge(found["curated.tracks"], on="track_id")
    assert (clean["planted_group"] == clean["genre_group"]).mean() > 0.8
