package org.vit4j.report;

import java.awt.Color;
import java.awt.Font;
import java.awt.FontMetrics;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.image.BufferedImage;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/** Contact sheet: a grid of images, each with its labels and a bar of their shares below. */
public final class ContactSheet {
    private static final Color PAPER = Color.WHITE;
    private static final Color INK = new Color(0x20262E);
    private static final Color FAINT = new Color(0x6B7480);
    private static final Color FRAME = new Color(0xD5DAE0);
    private static final List<Color> BARS = List.of(new Color(0x2F6FB0), new Color(0xE08A3C));

    private static final int MARGIN = 28;
    private static final int GAP = 16;
    private static final int BAR = 5;
    private static final int LINE = 17;
    private static final int HEADER = 58;
    /** Small images are magnified to about this side in pixels, by an integer factor. */
    private static final int SIDE = 128;
    /** Large images are reduced to this side in pixels. */
    private static final int MAX_SIDE = 256;

    /** Label with its share or probability in [0, 1]. */
    public record LabelShare(String label, double share) {
        String text() {
            if (share == 1) return label;
            long percent = Math.round(100 * share);
            String shown = percent == 0 ? "<1" : percent == 100 ? ">99" : Long.toString(percent);
            return label + " " + shown + "%";
        }
    }

    /**
     * Image with its labels.
     *
     * @param shares one or two, drawn from left to right in the bar
     */
    public record SheetTile(BufferedImage image, List<LabelShare> shares) {
        public SheetTile {
            shares = List.copyOf(shares);
        }
    }

    private final List<SheetTile> tiles;
    private final int columns;
    private final int width;
    private final int height;
    private final int lines;
    private final Font plain = new Font(Font.SANS_SERIF, Font.PLAIN, 12);

    private ContactSheet(List<SheetTile> tiles) {
        if (tiles.isEmpty()) throw new IllegalArgumentException("there are no images to draw; expected at least one");
        this.tiles = tiles;
        BufferedImage first = tiles.get(0).image();
        double scale = scale(Math.max(first.getWidth(), first.getHeight()));
        this.width = (int) Math.round(first.getWidth() * scale);
        this.height = (int) Math.round(first.getHeight() * scale);
        this.columns = Math.min(tiles.size(), Math.max(3, (int) Math.ceil(Math.sqrt(1.6 * tiles.size()))));
        FontMetrics metrics =
                graphics(new BufferedImage(1, 1, BufferedImage.TYPE_INT_RGB)).getFontMetrics(plain);
        boolean fits = tiles.stream().allMatch(tile -> metrics.stringWidth(oneLine(tile)) <= width);
        this.lines = fits ? 1 : 2;
    }

    private static double scale(int side) {
        if (side > MAX_SIDE) return (double) MAX_SIDE / side;
        return Math.max(1, Math.round((double) SIDE / side));
    }

    /**
     * Draws the sheet.
     *
     * @param tiles at least one; images of the same size
     */
    public static BufferedImage draw(String title, String subtitle, List<SheetTile> tiles) {
        return new ContactSheet(tiles).draw(title, subtitle);
    }

    private BufferedImage draw(String title, String subtitle) {
        int rows = (tiles.size() + columns - 1) / columns;
        int sheetWidth = 2 * MARGIN + columns * (width + GAP) - GAP;
        int sheetHeight = 2 * MARGIN + HEADER + rows * (cellHeight() + GAP) - GAP;
        BufferedImage sheet = new BufferedImage(sheetWidth, sheetHeight, BufferedImage.TYPE_INT_RGB);
        Graphics2D g = graphics(sheet);
        g.setColor(PAPER);
        g.fillRect(0, 0, sheetWidth, sheetHeight);
        g.setColor(INK);
        g.setFont(new Font(Font.SANS_SERIF, Font.BOLD, 18));
        g.drawString(shortened(title, sheetWidth - 2 * MARGIN, g.getFontMetrics()), MARGIN, MARGIN + 16);
        g.setColor(FAINT);
        g.setFont(plain);
        g.drawString(shortened(subtitle, sheetWidth - 2 * MARGIN, g.getFontMetrics()), MARGIN, MARGIN + 36);
        for (int i = 0; i < tiles.size(); i++) {
            int x = MARGIN + i % columns * (width + GAP);
            int y = MARGIN + HEADER + i / columns * (cellHeight() + GAP);
            tile(g, tiles.get(i), x, y);
        }
        g.dispose();
        return sheet;
    }

    private int cellHeight() {
        return height + BAR + 4 + lines * LINE;
    }

    private void tile(Graphics2D g, SheetTile tile, int x, int y) {
        boolean magnified = width >= tile.image().getWidth();
        g.setRenderingHint(
                RenderingHints.KEY_INTERPOLATION,
                magnified
                        ? RenderingHints.VALUE_INTERPOLATION_NEAREST_NEIGHBOR
                        : RenderingHints.VALUE_INTERPOLATION_BICUBIC);
        g.drawImage(tile.image(), x, y, width, height, null);
        g.setColor(FRAME);
        g.drawRect(x - 1, y - 1, width + 1, height + 1);
        double from = 0;
        for (int i = 0; i < tile.shares().size(); i++) {
            double to = from + tile.shares().get(i).share();
            int left = (int) Math.round(from * width);
            g.setColor(BARS.get(i % BARS.size()));
            g.fillRect(x + left, y + height + 2, (int) Math.round(to * width) - left, BAR - 1);
            from = to;
        }
        int line = y + height + BAR + 2 + LINE - 4;
        for (String text : lines == 1 ? List.of(oneLine(tile)) : texts(tile)) {
            g.setColor(INK);
            g.drawString(shortened(text, width, g.getFontMetrics()), x, line);
            line += LINE;
        }
    }

    private static List<String> texts(SheetTile tile) {
        return tile.shares().stream().map(LabelShare::text).toList();
    }

    private static String oneLine(SheetTile tile) {
        return texts(tile).stream().collect(Collectors.joining("  "));
    }

    /** Shortens a text in the middle, which keeps a percentage at its end. */
    private static String shortened(String text, int width, FontMetrics metrics) {
        if (metrics.stringWidth(text) <= width) return text;
        List<String> shorter = new ArrayList<>();
        for (int cut = text.length() - 1; cut >= 2; cut--) {
            shorter.add(text.substring(0, (cut + 1) / 2) + "…" + text.substring(text.length() - cut / 2));
        }
        return shorter.stream()
                .filter(t -> metrics.stringWidth(t) <= width)
                .findFirst()
                .orElse("…");
    }

    private static Graphics2D graphics(BufferedImage image) {
        Graphics2D g = image.createGraphics();
        g.setRenderingHint(RenderingHints.KEY_TEXT_ANTIALIASING, RenderingHints.VALUE_TEXT_ANTIALIAS_ON);
        return g;
    }
}
