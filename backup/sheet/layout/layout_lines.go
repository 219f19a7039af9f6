package layout

import (
	"github.com/tokenctl/tokenctl/backup/sheet/line"
	"slices"
)

// What stands above typed lines.
const (
	numberLabel = "line"
	groupsLabel = "to type in"
	checkLabel  = "check"
	dateLabel   = "used on"
)

// byTick divides lines before the first that is to be ticked. Those after it are
// such lines as well, or go on with one.
func byTick(lines []line.Line) (runs [][]line.Line) {
	first := slices.IndexFunc(lines, func(l line.Line) bool { return l.Tick })
	if first < 0 {
		first = len(lines)
	}
	for _, run := range [][]line.Line{lines[:first], lines[first:]} {
		if len(run) > 0 {
			runs = append(runs, run)
		}
	}
	return runs
}
