package org.vit4j.report;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Axis of a chart: range, scale, ticks and number format. */
record Axis(double low, double high, boolean log, boolean percent, List<Double> ticks) {
    /** A linear axis starts at zero if the minimum is at most this fraction of the maximum. */
    private static final double FROM_ZERO = 0.4;

    /** If the maximum is below this value, all ticks are written as powers of ten. */
    private static final double SMALL = 0.01;

    /**
     * Creates a linear axis for values in [min, max].
     *
     * @param integer whether ticks are integers
     * @param tickCount approximate number of ticks
     */
    static Axis linear(double min, double max, boolean percent, boolean integer, int tickCount) {
        double from = min >= 0 && min <= FROM_ZERO * max && !integer ? 0 : min;
        double to = max;
        if (to <= from) { // a single value
            double margin = integer ? 1 : Math.max(Math.abs(from) * 0.1, 1e-6);
            from -= margin;
            to += margin;
        }
        double step = niceStep((to - from) / tickCount, integer);
        double low = integer ? from : Math.floor(from / step + 1e-9) * step;
        double high = integer ? to : Math.ceil(to / step - 1e-9) * step;
        List<Double> ticks = new ArrayList<>();
        for (long i = (long) Math.ceil(low / step - 1e-9); i * step <= high + step * 1e-9; i++) ticks.add(i * step);
        return new Axis(low, high, false, percent, ticks);
    }

    /**
     * Creates a logarithmic axis for positive values, with ticks at powers of ten, or at 1, 2, 5 for up to two decades.
     */
    static Axis log(double min, double max, boolean percent) {
        double low = niceBelow(min);
        double high = niceAbove(max);
        if (high <= low) high = 10 * low;
        int first = (int) Math.floor(Math.log10(low) + 1e-9);
        int last = (int) Math.ceil(Math.log10(high) - 1e-9);
        int every = Math.max(1, (last - first) / 6);
        double[] factors = last - first <= 2 ? new double[] {1, 2, 5} : new double[] {1};
        List<Double> ticks = new ArrayList<>();
        for (int decade = first; decade <= last; decade += every) {
            for (double factor : factors) {
                double tick = factor * Math.pow(10, decade);
                if (tick >= low * (1 - 1e-9) && tick <= high * (1 + 1e-9)) ticks.add(tick);
            }
        }
        return new Axis(low, high, true, percent, ticks);
    }

    /** Returns the largest 1, 2 or 5 times a power of ten that is at most {@code value}. */
    private static double niceBelow(double value) {
        double power = Math.pow(10, Math.floor(Math.log10(value) + 1e-9));
        for (double factor : new double[] {5, 2}) if (factor * power <= value * (1 + 1e-9)) return factor * power;
        return power;
    }

    /** Returns the smallest 1, 2 or 5 times a power of ten that is at least {@code value}. */
    private static double niceAbove(double value) {
        double power = Math.pow(10, Math.floor(Math.log10(value) + 1e-9));
        for (double factor : new double[] {1, 2, 5}) if (factor * power >= value * (1 - 1e-9)) return factor * power;
        return 10 * power;
    }

    /** Returns the tick distance: at least {@code rough}, and an integer if required. */
    private static double niceStep(double rough, boolean integer) {
        double step = niceAbove(rough);
        return integer ? Math.max(1, Math.rint(step)) : step;
    }

    /** Returns true if the value can be drawn. */
    boolean canShow(double value) {
        return Double.isFinite(value) && (!log || value > 0);
    }

    /** Returns the position of a value: 0 at the low end, 1 at the high end. */
    double position(double value) {
        return log
                ? (Math.log(value) - Math.log(low)) / (Math.log(high) - Math.log(low))
                : (value - low) / (high - low);
    }

    /** Formats a value for a tooltip, with four significant digits. */
    String tooltip(double value) {
        return percent ? String.format(Locale.ROOT, "%.2f%%", 100 * value) : number(value, 4);
    }

    /** Formats a tick label without trailing zeros. */
    String tickLabel(double value) {
        if (percent) return number(100 * value, 6) + "%";
        return high < SMALL && value != 0 ? power(value, 3) : number(value, 6);
    }

    /** Formats a number with the given significant digits, with an exponent below 1e-3 and from 1e6. */
    static String number(double value, int digits) {
        if (!Double.isFinite(value)) return String.valueOf(value);
        double size = Math.abs(value);
        if (size != 0 && (size < 1e-3 || size >= 1e6)) return power(value, digits);
        int before = size < 1 ? 0 : (int) Math.floor(Math.log10(size)) + 1;
        int leading = size == 0 || size >= 1 ? 0 : (int) -Math.floor(Math.log10(size)) - 1;
        return trimmed(String.format(Locale.ROOT, "%." + Math.max(0, digits - before + leading) + "f", value));
    }

    private static String power(double value, int digits) {
        String[] parts =
                String.format(Locale.ROOT, "%." + (digits - 1) + "e", value).split("e", 2);
        return trimmed(parts[0]) + "e" + Integer.parseInt(parts[1]);
    }

    private static String trimmed(String number) {
        String trimmed = number.contains(".") ? number.replaceFirst("\\.?0+$", "") : number;
        return trimmed.equals("-0") ? "0" : trimmed;
    }
}
