package sheet

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/tokenctl/tokenctl/backup"
)

// A sinceRun tells that codes of a set came with an earlier generation than it.
type sinceRun struct {
	codes span
	since int
}

// sinceRuns returns the runs of codes that did.
func sinceRuns(codes []backup.Code) (runs []sinceRun) {
	for i, c := range codes {
		n := len(runs)
		switch {
		case c.Since == 0:
		case n > 0 && i > 0 && codes[i-1].Since == c.Since:
			runs[n-1].codes.to = c.Number
		default:
			runs = append(runs, sinceRun{span{c.Number, c.Number}, c.Since})
		}
	}
	return runs
}

// sinceText returns "2-9:1,11:3": codes 2 to 9 came with generation 1, code 11 with
// generation 3.
func sinceText(codes []backup.Code) string {
	var b strings.Builder
	for i, run := range sinceRuns(codes) {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprint(&b, run.codes.from)
		if run.codes.to > run.codes.from {
			fmt.Fprintf(&b, "-%d", run.codes.to)
		}
		fmt.Fprintf(&b, ":%d", run.since)
	}
	return b.String()
}

func parseSince(text string) (runs []sinceRun, err error) {
	if text == "" {
		return nil, nil
	}
	for part := range strings.SplitSeq(text, ",") {
		codes, since, _ := strings.Cut(part, ":")
		from, to, isRun := strings.Cut(codes, "-")
		if !isRun {
			to = from
		}
		var n [3]int
		for i, number := range []string{from, to, since} {
			if n[i], err = strconv.Atoi(number); err != nil || n[i] < 1 {
				return nil, fmt.Errorf("%w: %q does not tell since when codes are", ErrDamaged, "since")
			}
		}
		runs = append(runs, sinceRun{span{n[0], n[1]}, n[2]})
	}
	return runs, nil
}

// sinceOf returns the generation that a code came with, 0 for that of its set.
func sinceOf(number int, runs []sinceRun) int {
	for _, run := range runs {
		if run.codes.from <= number && number <= run.codes.to {
			return run.since
		}
	}
	return 0
}
