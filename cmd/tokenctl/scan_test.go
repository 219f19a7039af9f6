//go:build linux

package main

import (
	"bufio"
	"bytes"
	"flag"
	"fmt"
	"image"
	"image/draw"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/tokenctl/tokenctl/backup/sheet/sheettest"
	"github.com/tokenctl/tokenctl/oath/oathtest"
	"github.com/tokenctl/tokenctl/oath/qr"
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

// scriptStrike moves a stain over the pictures until nothing but what it covers cannot be
// read.
func scriptStrike(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, !neg && len(args) == 2, "strike TEXT PREFIX")
	pages, err := filepath.Glob(ts.MkAbs(args[1]) + "-*.png")
	ts.Check(err)
	for _, name := range pages {
		data, err := os.ReadFile(name)
		ts.Check(err)
		img, err := png.Decode(bytes.NewReader(data))
		ts.Check(err)
		page := image.NewGray(img.Bounds())
		all := qr.Scan(img)
		i := slices.IndexFunc(all, func(text string) bool { return strings.Contains(text, args[0]) })
		if i < 0 {
			continue
		}
		rest := slices.Delete(all, i, i+1)
		slices.Sort(rest)
		stain := page.Rect.Dx() / 7 // 3 cm
		for y := 0; y < page.Rect.Dy(); y += stain / 2 {
			for x := 0; x < page.Rect.Dx(); x += stain / 2 {
				draw.Draw(page, page.Rect, img, image.Point{}, draw.Src)
				draw.Draw(page, image.Rect(x, y, x+stain, y+stain), image.Black, image.Point{}, draw.Src)
				left := qr.Quick.Scan(page)
				if slices.Sort(left); !slices.Equal(left, rest) {
					continue
				}
				if left = qr.Scan(page); len(left) == len(rest) {
					var file bytes.Buffer
					ts.Check(png.Encode(&file, page))
					ts.Check(os.WriteFile(name, file.Bytes(), 0o600))
					return
				}
			}
		}
	}
	ts.Fatalf("no QR code that holds %q can be struck alone", args[0])
}

// scriptClip films pages one after the other, each held in a hand: half of it fills the
// picture, which moves down, turns and shakes.
func scriptClip(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, !neg && len(args) > 1, "clip FILE.mp4 PICTURE...")
	oathtest.RequireTool(rigOf(ts).tb, "ffmpeg")
	command := []string{"-v", "error"}
	var filter, joined strings.Builder
	for i, page := range args[1:] {
		command = append(command, "-loop", "1", "-t", "2", "-framerate", "4", "-i", ts.MkAbs(page))
		fmt.Fprintf(&filter, "[%d]scale='if(gt(ih,iw),1280,480)':-1,pad=1280:1810:(ow-iw)/2:(oh-ih)/2:gray,rotate=0.04*sin(2*t):fillcolor=gray,"+
			"crop=1240:720:20+20*sin(5*t):(ih-720)*min(t/1.7\\,1),gblur=0.7,noise=alls=14:allf=t:all_seed=1[v%d];", i, i)
		fmt.Fprintf(&joined, "[v%d]", i)
	}
	fmt.Fprintf(&filter, "%sconcat=n=%d,format=yuv420p[v]", joined.String(), len(args)-1)
	command = append(command, "-filter_complex", filter.String(), "-map", "[v]", "-c:v", "libx264", "-crf", "26", ts.MkAbs(args[0]))
	ts.Check(ts.Exec("ffmpeg", command...))
}

// scriptDesktop starts a desktop with nothing on its screen.
func scriptDesktop(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, !neg && len(args) == 0, "desktop")
	display, err := rigOf(ts).startDesktop()
	ts.Check(err)
	ts.Setenv("DISPLAY", display)
	ts.Setenv("XAUTHORITY", ts.MkAbs("none"))
}

// startDesktop starts an X server until the test ends, and returns its display.
func (r *rig) startDesktop() (display string, err error) {
	r.tb.Helper()
	oathtest.RequireTool(r.tb, "Xvfb")
	server := exec.Command("Xvfb", "-displayfd", "1", "-nolisten", "tcp", "-noreset", "-screen", "0", "1280x1024x24")
	out, err := server.StdoutPipe()
	if err == nil {
		err = r.background(server)
	}
	if err != nil {
		return "", err
	}
	number, err := bufio.NewReader(out).ReadString('\n')
	return ":" + strings.TrimSpace(number), err
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
