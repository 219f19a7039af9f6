package sheet

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"filippo.io/age"
	curve "github.com/cloudflare/circl/group"
	"github.com/creack/pty"
	"github.com/pquerna/otp"

	"github.com/tokenctl/tokenctl/backup/sheet/layout"
	"github.com/tokenctl/tokenctl/backup/sheet/line"
	"github.com/tokenctl/tokenctl/oath/oathtest"
	"github.com/tokenctl/tokenctl/oath/qr"
)

// writePictures writes all QR codes of a document as a scan might show them.
func writePictures(t *testing.T, folder string, d layout.Document) {
	t.Helper()
	for i, text := range symbolTexts(d) {
		s, err := qr.Encode(text, qr.LevelQ)
		if err != nil {
			t.Fatal(err)
		}
		var b bytes.Buffer
		if err := s.WritePNG(&b, 4); err != nil {
			t.Fatal(err)
		}
		// In an order that is not that of the parts.
		name := fmt.Sprintf("page%03d.png", (i*7+3)%1000)
		if err := os.WriteFile(filepath.Join(folder, name), b.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// commandsOf returns the commands that the steps say to run.
func commandsOf(steps layout.Steps) (commands []string) {
	for _, step := range steps.Steps {
		if _, command, ok := strings.Cut(step, "un: "); ok {
			commands = append(commands, command)
		}
	}
	return commands
}

func shell(t *testing.T, folder, command string) string {
	t.Helper()
	c := exec.Command("sh", "-c", command)
	c.Dir = folder
	out, err := c.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", command, err, out)
	}
	return string(out)
}

// typeAt runs a command on a terminal and types an answer at its prompt.
func typeAt(t *testing.T, folder, command, answer string) string {
	t.Helper()
	c := exec.Command("sh", "-c", command)
	c.Dir = folder
	terminal, err := pty.Start(c)
	if err != nil {
		t.Fatal(err)
	}
	defer terminal.Close()
	watchdog := time.AfterFunc(time.Minute, func() { _ = c.Process.Kill() })
	defer watchdog.Stop()
	var out bytes.Buffer
	prompt := make([]byte, 1)
	for !bytes.HasSuffix(out.Bytes(), []byte(":")) {
		if _, err := terminal.Read(prompt); err != nil {
			t.Fatalf("%s: no prompt in %q", command, out.Bytes())
		}
		out.Write(prompt)
	}
	out.Reset()
	if _, err := io.WriteString(terminal, answer+"\n"); err != nil {
		t.Fatal(err)
	}
	_, _ = io.Copy(&out, terminal) // ends in an error when the program is done
	if err := c.Wait(); err != nil {
		t.Fatalf("%s: %v\n%s", command, err, out.Bytes())
	}
	return strings.ReplaceAll(out.String(), "\r\n", "\n")
}

// The steps on a sealed sheet, followed to the letter with zbarimg and age.
func TestSealedSheetByHand(t *testing.T) {
	oathtest.RequireTool(t, "zbarimg", "age", "base32")
	d := sealed(t, everyKind(t))
	folder := t.TempDir()
	writePictures(t, folder, d)
	i := slices.IndexFunc(d.Steps, func(s layout.Steps) bool { return s.Heading == "To recover without tokenctl" })
	commands := commandsOf(d.Steps[i])
	if len(commands) != 4 {
		t.Fatalf("the steps say to run %q", commands)
	}
	shell(t, folder, strings.Replace(commands[1], "PICTURE...", "*.png", 1))
	shell(t, folder, commands[2])
	checkOpened(t, typeAt(t, folder, commands[3], passphrase))
}

// checkOpened sees that a text has what everyKind holds, and that tokenctl takes
// it as it is.
func checkOpened(t *testing.T, text string) {
	t.Helper()
	s := everyKind(t)
	for _, e := range s.Entries {
		if e.hasSecret() && !strings.Contains(text, accountRecord{e.Key}.uri()+"\n") {
			t.Errorf("%s is not in\n%s", e.label(), text)
		}
	}
	if !strings.Contains(text, s.VaultKey+"\n") || !strings.Contains(text, "|1: 3f29a-1b0c7|[2026-08-17] 2: a81de-77f02|") {
		t.Errorf("the vault's key or codes are not in\n%s", text)
	}
	r := &Reader{}
	for line := range strings.Lines(text) {
		if err := r.AddText(line); err != nil && !errors.Is(err, ErrForeign) {
			t.Errorf("%q: %v", line, err)
		}
	}
	c := contents(t, r, "")
	c.Notes = nil
	checkContents(t, c, s)
}

// With the key that shares yield, age opens the parts of a split sheet.
func TestSplitSheetByHand(t *testing.T) {
	oathtest.RequireTool(t, "age", "base32")
	documents := split(t, everyKind(t), 2, 3)
	folder := t.TempDir()
	codes := strings.Join(symbolTexts(documents[2]), "\n")
	h := scan(t, symbolTexts(documents[:2]...)...).read()
	g := h.sheets["KQ3ZT7AB"]
	identity, err := g.identity(g.combine(), "")
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string]string{"codes.txt": codes, "key.txt": identity.(*age.X25519Identity).String() + "\n"} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	shell(t, folder, joinParts)
	checkOpened(t, shell(t, folder, "age -d -i key.txt sheet.age"))
	if curve.Ristretto255.Params().ScalarLength != scalarSize {
		t.Error("scalars have another size")
	}
}

// The lines of a secret are the secret as a phone wants it typed, without their
// numbers and checks.
func TestSecretIsTypedIntoAPhone(t *testing.T) {
	for _, b := range plain(t, everyKind(t)).Body {
		if len(b.Lines) == 0 || b.Lines[0].Groups[0] != accountKeyword+":" {
			continue
		}
		judge, err := otp.NewKeyFromURL(strings.Replace(b.Symbols[0].Text, "otpauth://steam", "otpauth://totp", 1))
		if err != nil {
			t.Fatalf("%s: another parser says: %v", b.Heading, err)
		}
		if got := lettersIn(b.Lines); got != judge.Secret() {
			t.Errorf("%s: typed %s, want %s", b.Heading, got, judge.Secret())
		}
	}
}

// lettersIn returns what is on lines that begin with no keyword.
func lettersIn(lines []line.Line) (letters string) {
	for _, l := range lines {
		if !strings.HasSuffix(l.Groups[0], ":") {
			letters += strings.Join(l.Groups, "")
		}
	}
	return letters
}

// What is on a real sheet is restored from a scan of its pages.
func TestPaperBringsASheetBack(t *testing.T) {
	oathtest.RequireTool(t, "pdftoppm", "pdftotext", "zbarimg")
	s := everyKind(t)
	d := plain(t, s)
	for _, paper := range []layout.Paper{layout.A4, layout.Letter} {
		folder := t.TempDir()
		var pdf bytes.Buffer
		if err := d.WritePDF(&pdf, paper); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(folder, "sheet.pdf"), pdf.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
		text := shell(t, folder, "pdftotext -raw -enc UTF-8 sheet.pdf -")
		for _, b := range d.Body {
			for _, l := range b.Lines {
				var printed string // what is too long for a column is broken
				for c := range strings.SplitSeq(strings.ReplaceAll(typedText(l), " ", ""), "") {
					printed += regexp.QuoteMeta(c) + `\s*`
				}
				if !regexp.MustCompile(`(?m)^` + printed).MatchString(text) {
					t.Errorf("%s: line %d is not there", paper, l.Number)
				}
			}
		}
		scanned := shell(t, folder, "pdftoppm -gray -r 150 sheet.pdf page && zbarimg -q --raw -Sdisable -Sqrcode.enable page*.pgm 2>/dev/null || test $? = 4")
		checkContents(t, contents(t, scan(t, strings.Split(strings.TrimSpace(scanned), "\n")...), ""), s)
	}
}
