package paper

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"

	"github.com/tokenctl/tokenctl/backup/sheet/layout"
)

// withFonts returns the documents with fonts of the system for what the fonts in the
// program lack. Text needs none.
func (o *Output) withFonts(ctx context.Context, documents []layout.Document) []layout.Document {
	if o.Format == "txt" {
		return documents
	}
	var lacking []rune
	for _, d := range documents {
		lacking = append(lacking, d.Lacking()...)
	}
	slices.Sort(lacking)
	if lacking = slices.Compact(lacking); !slices.Equal(lacking, o.lacking) {
		o.lacking, o.fonts = lacking, findFonts(ctx, lacking)
	}
	documents = slices.Clone(documents)
	for i := range documents {
		documents[i].Fonts = o.fonts
	}
	return documents
}

// Fonts returns the fonts of the system that a document is printed with.
func (o *Output) Fonts(ctx context.Context, d layout.Document) []*layout.Font {
	return o.withFonts(ctx, []layout.Document{d})[0].Fonts
}

// What is read of the fonts of a system at most.
const (
	maxFonts    = 16
	maxFontFile = 64 << 20 // bytes; collections for Chinese, Japanese and Korean have 30 MB
	maxFontList = 16 << 20 // bytes; 400 fonts take 1 MB
	maxAsked    = 2000     // characters by which fontconfig chooses
	listTime    = 30 * grace
)

// findFonts returns fonts with characters, in the order in which fontconfig prefers them,
// until each character is in one. It returns none where there is no fontconfig.
func findFonts(ctx context.Context, lacking []rune) (found []*layout.Font) {
	ctx, cancel := context.WithTimeout(ctx, listTime)
	defer cancel()
	pattern := ":charset="
	for _, r := range lacking[:min(len(lacking), maxAsked)] {
		pattern += fmt.Sprintf("%x ", r)
	}
	c := exec.CommandContext(ctx, "fc-match", "--all", "--format", `%{file}\t%{index}\t%{charset}\n`, pattern)
	c.WaitDelay = grace
	list, err := c.StdoutPipe()
	if err != nil || c.Start() != nil {
		return nil
	}
	defer c.Wait()
	defer cancel() // once enough of it is read
	lines := bufio.NewScanner(io.LimitReader(list, maxFontList))
	lines.Buffer(nil, maxFontList)
	for len(lacking) > 0 && len(found) < maxFonts && lines.Scan() {
		fields := strings.Split(lines.Text(), "\t")
		if len(fields) != 3 || !slices.ContainsFunc(lacking, inCharset(fields[2])) {
			continue
		}
		font, err := loadFont(fields[0], fields[1])
		if err != nil {
			continue // the next one may be good
		}
		if left := font.Lacking(lacking); len(left) < len(lacking) {
			found, lacking = append(found, font), left
		}
	}
	return found
}

// inCharset returns whether a character is in a set as fontconfig writes it: numbers and
// ranges, in hexadecimal.
func inCharset(set string) func(rune) bool {
	type span struct{ first, last rune }
	var spans []span
	for field := range strings.FieldsSeq(set) {
		first, last, isRange := strings.Cut(field, "-")
		if !isRange {
			last = first
		}
		low, err1 := strconv.ParseUint(first, 16, 31)
		high, err2 := strconv.ParseUint(last, 16, 31)
		if err1 == nil && err2 == nil {
			spans = append(spans, span{rune(low), rune(high)})
		}
	}
	return func(r rune) bool {
		return slices.ContainsFunc(spans, func(s span) bool { return s.first <= r && r <= s.last })
	}
}

// loadFont reads the font of an index in a file. In the index's upper half, fontconfig has
// the variant of a font that has several.
func loadFont(name, index string) (*layout.Font, error) {
	n, err := strconv.Atoi(index)
	if err != nil {
		return nil, err
	}
	info, err := os.Stat(name)
	switch {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular() || info.Size() > maxFontFile:
		return nil, fmt.Errorf("%s: not a font's file", name)
	}
	file, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	return layout.ParseFont(file, n&0xffff)
}
