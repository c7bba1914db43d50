"""The commands of the checkout: set-up, the supervisor, tests, linters and benchmarks."""
