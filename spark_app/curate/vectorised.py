"""The two rules that Spark has no built-in for, over pandas series. Import this module late: pandas takes its time."""

from __future__ import annotations

import unicodedata

import pandas as pd
from pyspark.sql import functions as F
from pyspark.sql import types as T

from spark_app.curate.lists import parse_list


# pyspark's own type hints do not know a returned DataType without a function.
@F.pandas_udf(T.StringType())  # type: ignore[call-overload]
def nfc(texts: pd.Series) -> pd.Series:
    """Unicode's composed form (NFC), under which equal text is equal bytes; null stays null."""
    return texts.map(lambda text: unicodedata.normalize("NFC", text), na_action="ignore")


@F.pandas_udf(T.ArrayType(T.StringType()))  # type: ignore[call-overload]
def parse_lists(texts: pd.Series, dialects: pd.Series) -> pd.Series:
    """Items of list cells, see ``lists.parse_list``; null for null, blank and malformed cells."""
    return pd.Series([parse_list(text, dialect) for text, dialect in zip(texts, dialects, strict=True)], dtype=object)
