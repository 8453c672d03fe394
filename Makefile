# Two commands are enough to begin: `make demo` and `make test`.

GO ?= go
DEMO_DATA ?= data/demo
GOLANGCI = $(GO) run github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0

.PHONY: all build demo demo-health demo-fee test test-tools check bench kill soak alarms fuzz screenshots clean assets

all: build

build: assets
	$(GO) build -o bin/ennakko ./cmd/ennakko

# Styles and scripts come from npm, at the versions that package-lock.json pins.
assets: web/assets/vendor/.done
web/assets/vendor/.done: package.json package-lock.json scripts/assets.sh
	./scripts/assets.sh

# A made-up city of 640,000 people on loopback, with everything in data/demo.
demo: build
	bin/ennakko demo --data $(DEMO_DATA)

# The second service: appointments for those whose high blood pressure is not
# treated, in a smaller city with health records, on port 8081.
demo-health: build
	bin/ennakko demo --service blood-pressure --data $(DEMO_DATA)-health --addr 127.0.0.1:8081

# The fee of early education by income that the family permits to fetch, on port 8082.
demo-fee: build
	bin/ennakko demo --service early-education-fee --data $(DEMO_DATA)-fee --addr 127.0.0.1:8082

# What the tests need beside Go and Node: a real browser.
test-tools:
	./scripts/test-tools.sh

test: assets test-tools
	$(GO) test -timeout 20m ./...

# Formatting, vet, linters, floors and the race detector. The race detector
# runs where goroutines meet; the whole suite under it would take too long.
check: assets
	@test -z "$$(gofmt -l $$(git ls-files '*.go'))" || { gofmt -l $$(git ls-files '*.go'); echo "run gofmt -w on these"; exit 1; }
	$(GO) vet ./...
	$(GOLANGCI) run ./...
	$(GO) test -run 'TestFloors|TestMustNotCompile' .
	$(GO) test -race -short ./audit/... ./conversation/... ./work/... ./store/... ./channel/... ./trace ./register/adapter ./register/standing ./register/xroad
	$(GO) test -race -short -run 'Process|Job|Part|Key|Backup|Moment|Verif' ./app
	$(GO) test -race -run 'SayTheSame' ./population -pairs 20000
	$(GO) run ./cmd/ennakko check packs

bench: build
	bin/ennakko bench

# SIGKILL at 100 random moments of a round; prints the figures.
kill: build
	./scripts/kill.sh

# A round through real processes, PostgreSQL and an operator over SMPP, broken
# on a schedule; the last line is one JSON object. SOAK gives other flags.
SOAK ?= --kills 60 --hangups 3 --restarts 1
soak: build test-tools
	$(GO) build -o bin/soak ./cmd/soak
	bin/soak $(SOAK)

# Rings every alarm once, on real processes, and ends it as the runbook says.
alarms: assets test-tools
	$(GO) test -count=1 -v -run 'TestEveryAlarmRings|TestAlarmsTable' ./cmd/ennakko

fuzz:
	./scripts/fuzz.sh

# Every page as a picture, at the width of a desk and of a phone.
screenshots: assets test-tools
	mkdir -p data/screenshots
	SCREENSHOTS=$(CURDIR)/data/screenshots $(GO) test -count=1 -run 'TestEveryPageIsAccessible|TestEveryPageOf|TestTheLogInPageIsAccessible' ./web
	@ls data/screenshots | wc -l

clean:
	rm -rf bin
