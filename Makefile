PREFIX   ?= /usr/local
BIN      ?= bin
FUZZTIME ?= 1m
VERSION  ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)

STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.7.0
GOVULNCHECK := golang.org/x/vuln/cmd/govulncheck@v1.9.0

# The version is told by git describe: go need not ask git once more, and would
# refuse to build where the checkout belongs to somebody else.
export GOFLAGS += -buildvcs=false

.PHONY: help deps build demo check test vet portable lint vulnerabilities fuzz bench pictures dist packages install clean
.NOTPARALLEL:

help: ## list the targets
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 12

deps: ## install what the targets below need, on Debian; YES=1 does not ask
	@.ci/deps test

build: ## bin/tokenctl and bin/virtualkey, and completions for shells
	@.ci/deps build
	go build -trimpath -ldflags '-X main.version=$(VERSION)' -o bin/ ./cmd/...
	@mkdir -p bin/completion
	@for shell in bash zsh fish; do bin/tokenctl completion $$shell >bin/completion/$$shell || exit; done

demo: ## enroll an account in a virtual YubiKey, and print a code
	@.ci/deps demo
	@$(MAKE) --no-print-directory build
	@.ci/demo

check: ## gofmt, go vet, and the tests that need no program but go: in a minute
	@.ci/deps build
	@$(MAKE) --no-print-directory vet
	go test -short ./...

test: deps vet portable ## every test
	go test ./...

vet: ## gofmt and go vet
	@unformatted=$$(gofmt -l .); test -z "$$unformatted" || { echo "not as gofmt has it: $$unformatted" >&2; exit 1; }
	go vet ./... ./.ci/damage ./.ci/picture

portable: ## vet what is built without cgo, for Windows, and for macOS
	CGO_ENABLED=0 go vet ./...
	CGO_ENABLED=0 GOOS=windows go vet ./...
	CGO_ENABLED=0 GOOS=darwin go vet ./...

lint: vet ## vet, and staticcheck
	go run $(STATICCHECK) ./...

vulnerabilities: ## what is known of the modules and of Go, where the database can be reached
	@.ci/vulnerabilities $(GOVULNCHECK)

fuzz: deps ## every fuzz target, for FUZZTIME each
	.ci/fuzz $(FUZZTIME)

bench: deps ## every benchmark
	go test -run '^$$' -bench . -benchmem ./...
	go run ./.ci/damage -dpi 340,150 -rounds 3 '^(clean|turned|crumpled by 0.4 %)$$'

pictures: deps build ## the pictures of a session and of a recovery sheet in docs/
	.ci/pictures

SHARE = $(DESTDIR)$(PREFIX)/share

install: ## what build made, and manual pages, to DESTDIR and PREFIX
	@test -e bin/completion/fish || { echo 'There is nothing to install: run "make build" first.' >&2; exit 1; }
	install -d $(DESTDIR)$(PREFIX)/bin
	install $(BIN)/tokenctl $(BIN)/virtualkey $(DESTDIR)$(PREFIX)/bin
	install -D -m 644 -t $(SHARE)/man/man1 docs/man/*.1
	install -D -m 644 -t $(SHARE)/man/man7 docs/man/*.7
	install -D -m 644 bin/completion/bash $(SHARE)/bash-completion/completions/tokenctl
	install -D -m 644 bin/completion/zsh $(SHARE)/zsh/site-functions/_tokenctl
	install -D -m 644 bin/completion/fish $(SHARE)/fish/vendor_completions.d/tokenctl.fish

dist: ## archives, packages, formula, SBOM and checksums, in dist/
	@.ci/deps dist
	.ci/dist $(VERSION)

packages: dist ## build them once more and compare; lintian; install, run and purge the .deb in a fresh root
	@.ci/deps packages
	.ci/packages $(VERSION)

clean: ## remove what was built
	rm -rf bin dist
