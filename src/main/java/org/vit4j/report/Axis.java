package org.vit4j.report;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** One axis of a chart: its range, where the ticks are, and how a value is written. */
record Axis(double low, double high, boolean log, boolean percent, List<Double> ticks) {
    /** Values below this share of the largest begin the axis at zero: half of a picture is no curve. */
    private static final double FROM_ZERO = 0.4;

    /** An axis that ends below has powers of ten at all its ticks, not at some. */
    private static final double SMALL = 0.01;

    /** A linear axis around the values; ticks are whole numbers with {@code whole}. */
    static Axis linear(double min, double max, boolean percent, boolean whole, int about) {
        double from = min >= 0 && min <= FROM_ZERO * max && !whole ? 0 : min;
        double to = max;
        if (to <= from) { // a single value
            double room = whole ? 1 : Math.max(Math.abs(from) * 0.1, 1e-6);
            from -= room;
            to += room;
        }
        double step = niceStep((to - from) / about, whole);
        double low = whole ? from : Math.floor(from / step + 1e-9) * step;
        double high = whole ? to : Math.ceil(to / step - 1e-9) * step;
        List<Double> ticks = new ArrayList<>();
        for (long i = (long) Math.ceil(low / step - 1e-9); i * step <= high + step * 1e-9; i++) ticks.add(i * step);
        return new Axis(low, high, false, percent, ticks);
    }

    /** A logarithmic axis around values above zero: a tick a decade, or at 1, 2, 5 where there are few decades. */
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

    /** 1, 2 or 5 times a power of ten, not above a value. */
    private static double niceBelow(double value) {
        double power = Math.pow(10, Math.floor(Math.log10(value) + 1e-9));
        for (double factor : new double[] {5, 2}) if (factor * power <= value * (1 + 1e-9)) return factor * power;
        return power;
    }

    private static double niceAbove(double value) {
        double power = Math.pow(10, Math.floor(Math.log10(value) + 1e-9));
        for (double factor : new double[] {1, 2, 5}) if (factor * power >= value * (1 - 1e-9)) return factor * power;
        return 10 * power;
    }

    /** 1, 2 or 5 times a power of ten, not below {@code rough}. */
    private static double niceStep(double rough, boolean whole) {
        double step = niceAbove(rough);
        return whole ? Math.max(1, Math.rint(step)) : step;
    }

    /** Whether a value can be drawn at all. */
    boolean shows(double value) {
        return Double.isFinite(value) && (!log || value > 0);
    }

    /** Where a value lies: 0 at the low end, 1 at the high one. */
    double at(double value) {
        return log
                ? (Math.log(value) - Math.log(low)) / (Math.log(high) - Math.log(low))
                : (value - low) / (high - low);
    }

    /** A value in a tooltip, with four significant digits. */
    String text(double value) {
        return percent ? String.format(Locale.ROOT, "%.2f%%", 100 * value) : number(value, 4);
    }

    /** A value beside a tick: no more digits than it takes to tell the ticks apart. */
    String tick(double value) {
        if (percent) return number(100 * value, 6) + "%";
        return high < SMALL && value != 0 ? power(value, 3) : number(value, 6);
    }

    /** Plain digits where they are short, a power of ten where they are not. */
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
        String brief = number.contains(".") ? number.replaceFirst("\\.?0+$", "") : number;
        return brief.equals("-0") ? "0" : brief;
    }
}
