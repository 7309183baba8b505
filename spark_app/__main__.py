"""``python -m spark_app``."""

from spark_app.cli import main_exit

main_exit()
