//go:build linux

package main

import (
	"flag"
	"fmt"
	"image"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/tokenctl/tokenctl/backup/sheet/sheettest"
	"github.com/tokenctl/tokenctl/oath/oathtest"
)

// scriptScan makes of a printed document what a scanner makes of its pages.
func scriptScan(ts *testscript.TestScript, neg bool, args []string) {
	f := flag.NewFlagSet("scan", flag.ContinueOnError)
	dpi := f.Int("dpi", 150, "")
	damage := sheettest.Damage{Seed: 1}
	f.Func("damage", "", func(s string) (err error) { damage, err = parseDamage(s); return err })
	ts.Check(f.Parse(args))
	usage(ts, !neg && f.NArg() == 2, "scan [-dpi N] [-damage SPEC] PDF PREFIX")
	oathtest.RequireTool(rigOf(ts).tb, "pdftoppm")
	pages, err := scan(ts.MkAbs(f.Arg(0)), ts.MkAbs(f.Arg(1)), *dpi)
	ts.Check(err)
	for _, page := range pages {
		ts.Check(damagePicture(page, damage))
	}
}

// scan makes pictures of a document's pages, named by a prefix and their number,
// and returns their names.
func scan(document, prefix string, dpi int) ([]string, error) {
	c := exec.Command("pdftoppm", "-r", strconv.Itoa(dpi), "-gray", "-png", document, prefix)
	if out, err := c.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("pdftoppm: %w: %s", err, out)
	}
	return filepath.Glob(prefix + "-*.png")
}

// parseDamage reads damage as in "blur=1,skew=3,noise=5".
func parseDamage(spec string) (sheettest.Damage, error) {
	d := sheettest.Damage{Seed: 1}
	for part := range strings.SplitSeq(spec, ",") {
		name, value, _ := strings.Cut(part, "=")
		n, err := strconv.ParseFloat(value, 64)
		if err != nil {
			return d, err
		}
		switch name {
		case "blur":
			d.Blur = n
		case "skew":
			d.Skew = n
		case "noise":
			d.Noise = n / 100
		case "turn":
			d.Turn = int(n)
		default:
			return d, fmt.Errorf("unknown damage %q", name)
		}
	}
	return d, nil
}

func damagePicture(path string, damage sheettest.Damage) error {
	img, err := readPicture(path)
	if err != nil {
		return err
	}
	out, err := os.Create(path)
	if err != nil {
		return err
	}
	defer out.Close()
	return png.Encode(out, damage.Apply(img))
}

func readPicture(path string) (image.Image, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	img, _, err := image.Decode(file)
	return img, err
}
