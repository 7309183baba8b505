"""Commits of files beside another writer."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake.exceptions import CommitFailedError

from spark_app.cli.failures import explain_failure
from spark_app.schemas import TABLES
from spark_app.tables.commits import commit_folder, seen_table
from spark_app.tables.local import newest_version, read_rows
from tests.tables.lakes import arrow_schema, write_table

LINK = "curated.track_artists"
LINKS = [{"track_id": f"t{i}", "artist_id": "a", "position": i} for i in (1, 2, 3)]


@pytest.mark.parametrize(("there", "instead_of"), [(LINKS[:1], []), ([], []), ([], None)])
def test_of_two_writers_that_replace_no_file_the_later_one_is_told(tmp_path, there, instead_of):
    root = str(tmp_path)
    write_table(root, LINK, there)
    earlier, later = seen_table(root, LINK), seen_table(root, LINK)
    for folder, row in (("one", LINKS[1]), ("two", LINKS[2])):
        (tmp_path / TABLES[LINK].path / folder).mkdir()
        rows = pa.Table.from_pylist([row], arrow_schema(LINK))
        pq.write_table(rows, tmp_path / TABLES[LINK].path / folder / "part-0.parquet")

    commit_folder(root, LINK, "one", seen=earlier, metadata="{}", instead_of=instead_of)
    with pytest.raises(CommitFailedError) as caught:
        commit_folder(root, LINK, "two", seen=later, metadata="{}", instead_of=instead_of)

    assert explain_failure(caught.value).exit_code == 5
    assert newest_version(root, LINK) == 1
    assert read_rows(root, LINK).sort_by("track_id").to_pylist() == [*there, LINKS[1]]
