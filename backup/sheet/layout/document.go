package layout

import "github.com/tokenctl/tokenctl/backup/sheet/line"

// A Document is a sheet ready to be laid out: what is to stand on paper, in
// order, but not where. It is the same for PDF, HTML and text.
type Document struct {
	Title string  // "Recovery sheet 7"
	Facts []Fact  // date, which sheet it supersedes, whom it belongs to
	Steps []Steps // how to come back, in plain words
	Body  []Block // none of which is cut by a page
	Foot  string  // stands on every page, beside its number: "Recovery sheet 7, 2026-11-23"
}

// A Fact is a name and a value, on a line of their own.
type Fact struct{ Name, Value string }

// Steps are numbered instructions under a heading.
type Steps struct {
	Heading string
	Steps   []string
}

// A Block is an account, or another part that stands together on paper.
type Block struct {
	Number  int    // from 1; 0 if it is not counted
	Heading string // an account's label, "The vault's key", "Contents", "Part 3 of 7"
	Facts   []Fact
	Symbols []Symbol    // QR codes
	Lines   []line.Line // the typed fallback for what the symbols hold
	Notes   []string    // whole sentences
}

// A Symbol is a QR code and what it is for.
type Symbol struct {
	Caption string // "Scan with an authenticator app"
	Text    string // what the code holds
}
