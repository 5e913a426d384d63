package org.vit4j.notebook;

import java.io.PrintStream;
import java.util.Optional;
import java.util.function.BiConsumer;
import java.util.function.Consumer;

/**
 * Where figures go: the output of the cell that runs. A kernel makes one of its own two calls, so that nothing here knows
 * any kernel.
 *
 * <pre>{@code
 * Screen screen = Screen.updating(
 *         f -> display("text/html", f.html()),
 *         (id, f) -> updateDisplay(id, "text/html", f.html()),
 *         text -> System.out.println(text));
 * }</pre>
 */
public final class Display {
    /** One of a kernel's two calls. */
    @FunctionalInterface
    public interface DisplayFunction {
        /** Shows a figure, and returns the id of its display. */
        String show(Figure figure);
    }

    private final DisplayFunction show;
    private final BiConsumer<String, Figure> update;
    private final Consumer<String> line;
    private final boolean changes;

    private Display(DisplayFunction show, BiConsumer<String, Figure> update, Consumer<String> line, boolean changes) {
        this.show = show;
        this.update = update;
        this.line = line;
        this.changes = changes;
    }

    /**
     * A kernel whose displays can change after they were shown.
     *
     * @param update changes a display, by its id
     * @param line prints below the cell; not {@code System.out::println} where a kernel puts another stream there for each cell
     */
    public static Display updating(DisplayFunction show, BiConsumer<String, Figure> update, Consumer<String> line) {
        return new Display(show, update, line, true);
    }

    /** Text only; progress is a few lines. */
    public static Display lines(PrintStream out) {
        return fixed(figure -> out.println(figure.text()), out::println);
    }

    /** A paragraph of Zeppelin, which shows what is printed after {@code %html}; progress is a few lines. */
    public static Display zeppelin(PrintStream out) {
        return fixed(figure -> out.println(figure.zeppelin()), text -> out.println("%text " + text));
    }

    private static Display fixed(Consumer<Figure> print, Consumer<String> line) {
        DisplayFunction show = figure -> {
            print.accept(figure);
            return "";
        };
        return new Display(show, (id, figure) -> {}, line, false);
    }

    /** Shows figures, one below the other. */
    public void show(Figure... figures) {
        for (Figure figure : figures) show.show(figure);
    }

    /** Shows a figure that will change, and returns its id; shows nothing and returns none where displays cannot. */
    Optional<String> begin(Figure figure) {
        return changes ? Optional.of(show.show(figure)) : Optional.empty();
    }

    void update(String id, Figure figure) {
        update.accept(id, figure);
    }

    void line(String text) {
        line.accept(text);
    }
}
