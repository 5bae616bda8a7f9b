/** The sign of Posthaste; its name stands beside it. */
export const Brand = () => (
  <svg viewBox="0 0 32 32" width="22" height="22" aria-hidden="true" focusable="false">
    <rect width="32" height="32" rx="8" class="brand-ground" />
    <path d="M7 20.5h9M5 16h8M9 11.5h5" class="brand-wind" />
    <path d="M17.5 8.5 25 16l-7.5 7.5" class="brand-arrow" />
  </svg>
)
