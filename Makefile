# Short names for the commands of this project. Each sets up what is missing first.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help check test bench package clean

help: ## list these commands
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 18

check: ## formatting, lint rules, types, import rules; no tests
	@scripts/test.sh --check-only

test: ## every check and every test
	@scripts/test.sh

bench: ## every benchmark; results go to benchmarks/results
	@scripts/bench.sh

package: ## the code zip for a cluster, into dist
	@scripts/package.sh

clean: ## remove what runs and builds leave; the environment and the caches stay
	rm -rf build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find spark_app tests benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +
