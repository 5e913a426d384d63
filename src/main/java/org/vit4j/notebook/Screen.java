package org.vit4j.notebook;

import java.io.PrintStream;
import java.util.Optional;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.function.Function;

/**
 * Where figures go: the output of the cell that runs. A kernel makes one of its own two calls, so that nothing here knows
 * any kernel.
 *
 * <pre>{@code
 * Screen screen = Screen.updating(
 *         f -> display("text/html", f.html()),
 *         (id, f) -> updateDisplay(id, "text/html", f.html()));
 * }</pre>
 */
public final class Screen {
    private final Function<Figure, Optional<String>> begin;
    private final BiConsumer<String, Figure> update;
    private final Function<Figure, Optional<String>> show;
    private final Consumer<String> line;

    private Screen(
            Function<Figure, Optional<String>> begin,
            BiConsumer<String, Figure> update,
            Function<Figure, Optional<String>> show,
            Consumer<String> line) {
        this.begin = begin;
        this.update = update;
        this.show = show;
        this.line = line;
    }

    /**
     * A kernel whose displays can change after they were shown.
     *
     * @param show shows a figure and returns the id of its display
     * @param update changes a display
     */
    public static Screen updating(Function<Figure, String> show, BiConsumer<String, Figure> update) {
        Function<Figure, Optional<String>> begin = figure -> Optional.of(show.apply(figure));
        // Kernels put another stream in place of System.out for each cell, so it is looked up for each line.
        return new Screen(begin, update, begin, text -> System.out.println(text));
    }

    /** Text only; progress is a few lines. */
    public static Screen lines(PrintStream out) {
        return fixed(figure -> out.println(figure.text()), out::println);
    }

    /** A paragraph of Zeppelin, which shows what is printed after {@code %html}; progress is a few lines. */
    public static Screen zeppelin(PrintStream out) {
        return fixed(figure -> out.println(figure.zeppelin()), text -> out.println("%text " + text));
    }

    private static Screen fixed(Consumer<Figure> show, Consumer<String> line) {
        Function<Figure, Optional<String>> shown = figure -> {
            show.accept(figure);
            return Optional.empty();
        };
        return new Screen(figure -> Optional.empty(), (id, figure) -> {}, shown, line);
    }

    /** Shows figures, one below the other. */
    public void show(Figure... figures) {
        for (Figure figure : figures) show.apply(figure);
    }

    /** Shows a figure that will change, and returns its id; shows nothing and returns none where displays cannot. */
    Optional<String> begin(Figure figure) {
        return begin.apply(figure);
    }

    void update(String id, Figure figure) {
        update.accept(id, figure);
    }

    void line(String text) {
        line.accept(text);
    }
}
