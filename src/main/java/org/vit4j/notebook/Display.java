package org.vit4j.notebook;

import java.io.PrintStream;
import java.util.Optional;
import java.util.function.BiConsumer;
import java.util.function.Consumer;

/**
 * Output of the running cell, where figures and progress are shown. It is created from two functions of the kernel, so
 * this package does not depend on any kernel.
 *
 * <pre>{@code
 * Display display = Display.updating(
 *         f -> display("text/html", f.html()),
 *         (id, f) -> updateDisplay(id, "text/html", f.html()),
 *         text -> System.out.println(text));
 * }</pre>
 */
public final class Display {
    /** The kernel's function that shows a figure. */
    @FunctionalInterface
    public interface DisplayFunction {
        /** Shows a figure and returns the id of its output. */
        String show(Figure figure);
    }

    private final DisplayFunction show;
    private final BiConsumer<String, Figure> update;
    private final Consumer<String> print;
    private final boolean updatable;

    private Display(
            DisplayFunction show, BiConsumer<String, Figure> update, Consumer<String> print, boolean updatable) {
        this.show = show;
        this.update = update;
        this.print = print;
        this.updatable = updatable;
    }

    /**
     * Creates a display for a kernel that can update outputs after they were shown.
     *
     * @param update replaces the output with the given id
     * @param print prints a line below the cell; must not be {@code System.out::println} if the kernel replaces {@code
     *     System.out} for each cell
     */
    public static Display updating(DisplayFunction show, BiConsumer<String, Figure> update, Consumer<String> print) {
        return new Display(show, update, print, true);
    }

    /** Creates a display that prints figures as text and progress as a few lines. */
    public static Display text(PrintStream out) {
        return fixed(figure -> out.println(figure.text()), out::println);
    }

    /** Creates a display for Zeppelin, which shows output printed after {@code %html}; progress is a few lines. */
    public static Display zeppelin(PrintStream out) {
        return fixed(figure -> out.println(figure.zeppelin()), text -> out.println("%text " + text));
    }

    /** Creates a display for a kernel that shows figures but cannot update them; progress is a few lines. */
    public static Display fixed(Consumer<Figure> printFigure, Consumer<String> print) {
        DisplayFunction show = figure -> {
            printFigure.accept(figure);
            return "";
        };
        return new Display(show, (id, figure) -> {}, print, false);
    }

    /** Shows figures, one below the other. */
    public void show(Figure... figures) {
        for (Figure figure : figures) show.show(figure);
    }

    /** Shows a figure that will be updated and returns its id; does nothing if outputs cannot be updated. */
    Optional<String> showUpdatable(Figure figure) {
        return updatable ? Optional.of(show.show(figure)) : Optional.empty();
    }

    void update(String id, Figure figure) {
        update.accept(id, figure);
    }

    void print(String text) {
        print.accept(text);
    }
}
