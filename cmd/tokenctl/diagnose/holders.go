package diagnose

import (
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/tokenctl/tokenctl/cmd/tokenctl/term"
)

// A process is a program that runs.
type process struct {
	id   int
	name string // as it calls itself: anything, of up to 15 bytes
}

// What is looked at in /proc, at most.
const (
	maxProcesses = 1 << 16
	maxOpen      = 1 << 14 // files of one process
	maxLinks     = 1 << 20 // files of all
	maxShown     = 5       // processes in a sentence
)

// clients returns the programs that are connected to the smart card service, this one
// aside. All is false if there are more, which this user cannot look at.
func (e *examination) clients() (found []process, all bool) {
	links, err := clientSockets(e.Socket)
	if err != nil {
		return nil, false
	}
	found, seen := e.openers(links)
	still, _ := clientSockets(e.Socket) // one that was closed meanwhile is nobody's
	all = !slices.ContainsFunc(links, func(link string) bool { return !seen[link] && slices.Contains(still, link) })
	return found, all
}

// openers returns the programs, this one aside, that have a file open which /proc shows
// as one of the links, and the links that some program has. A link is read, never followed.
func (s System) openers(links []string) (found []process, seen map[string]bool) {
	seen = make(map[string]bool)
	files, canRead := s.Files.(fs.ReadLinkFS)
	if !canRead {
		return nil, seen
	}
	rest := maxLinks
	for _, id := range s.list("proc", maxProcesses) {
		n, err := strconv.Atoi(id)
		if err != nil || rest == 0 {
			continue
		}
		folder := path.Join("proc", id, "fd")
		isOpener := false
		for _, fd := range s.list(folder, min(maxOpen, rest)) {
			rest--
			if link, err := files.ReadLink(path.Join(folder, fd)); err == nil && slices.Contains(links, link) {
				seen[link], isOpener = true, true
			}
		}
		if isOpener && n != os.Getpid() {
			found = append(found, process{n, s.line(path.Join("proc", id, "comm"))})
		}
	}
	slices.SortFunc(found, func(a, b process) int { return a.id - b.id })
	return found, seen
}

// list returns the names in a folder, as many as there may be, and none if it cannot be read.
func (s System) list(folder string, most int) (names []string) {
	f, err := s.Files.Open(folder)
	if err != nil {
		return nil
	}
	defer f.Close()
	directory, ok := f.(fs.ReadDirFile)
	if !ok {
		return nil
	}
	entries, _ := directory.ReadDir(most)
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	return names
}

// text returns what is in a file, as far as it is short, and "" for none.
func (s System) text(file string) string {
	f, err := s.Files.Open(file)
	if err != nil {
		return ""
	}
	defer f.Close()
	text, _ := io.ReadAll(io.LimitReader(f, 4096))
	return string(text)
}

// line returns the first line of a file.
func (s System) line(file string) string {
	first, _, _ := strings.Cut(s.text(file), "\n")
	return strings.TrimSpace(first)
}

// describe names programs with their processes, and those that cannot be seen.
func describe(found []process, all bool) string {
	var names []string
	for i, p := range found {
		if i == maxShown {
			names = append(names, fmt.Sprintf("%d more", len(found)-i))
			break
		}
		names = append(names, fmt.Sprintf("%s (process %d)", p.name, p.id))
	}
	if !all {
		names = append(names, "perhaps a program of another user's")
	}
	return term.List(names)
}

const (
	scdaemonAdvice = "To make gpg release it, until it is used again: gpgconf --kill scdaemon\n" +
		"To make both share it, write disable-ccid and pcsc-shared, which GnuPG 2.2.40 knows, a\n" +
		"line each, into ~/.gnupg/scdaemon.conf, and give the command above once."
	closeAdvice = "Close the program, or wait until it is done. If you did not start it, see what it is:\n" +
		"ps -fp PROCESS"
	rootAdvice = "Programs of other users show with: sudo tokenctl doctor"
)

// adviceOn says how to have programs release a key.
func adviceOn(found []process, all bool) string {
	var advice []string
	isSCDaemon := func(p process) bool { return p.name == "scdaemon" }
	if slices.ContainsFunc(found, isSCDaemon) {
		advice = append(advice, scdaemonAdvice)
	}
	if !slices.ContainsFunc(found, isSCDaemon) || len(found) > 1 {
		advice = append(advice, closeAdvice)
	}
	if !all {
		advice = append(advice, rootAdvice)
	}
	return strings.Join(advice, "\n")
}
